import { readdir, readFile, stat } from 'node:fs/promises';
import { arch, cpus, release } from 'node:os';
import { join } from 'node:path';
import { readMounts } from '../../platform/mount-info.js';
import { type CgroupFacts, cgroupFactsOf } from './cgroup-facts.js';

/** What a spec depends on besides what the user asked for. Read once an engine: it does not change under a kernel. */
export interface HostFacts extends CgroupFacts {
  readonly kernel: { readonly release: string; readonly major: number; readonly minor: number };
  /** As Node has it: `x64`, `arm64`... */
  readonly arch: string;
  readonly hasSeccomp: boolean;
  readonly hasApparmor: boolean;
  /** The profile `docker-default` is loaded. */
  readonly hasDefaultApparmorProfile: boolean;
  /** Online; 0 when it could not be read. */
  readonly cpuCount: number;
  readonly hasCgroupNamespaces: boolean;
  /** Folders below /sys that tell of the heat of each CPU: masked, as a container could time others by them. */
  readonly thermalFolders: readonly string[];
  /** `net.ipv4.ping_group_range`... of those that Docker sets: a runtime refuses what the kernel has not. */
  readonly networkSysctls: ReadonlySet<string>;
}

const CPU_FOLDER = '/sys/devices/system/cpu';
const NETWORK_SYSCTLS = ['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'];

/**
 * Looks at /proc and /sys (moby `pkg/sysinfo`). What cannot be read counts as not there.
 * @throws by errno when there is no mount table
 */
export async function readHostFacts(): Promise<HostFacts> {
  const [cgroups, status, profiles, hasCgroupNamespaces, thermalFolders, present] = await Promise.all([
    readMounts().then((mounts) => cgroupFactsOf(mounts)),
    textOf('/proc/self/status'),
    textOf('/sys/kernel/security/apparmor/profiles'),
    isThere('/proc/self/ns/cgroup'),
    readThermalFolders(),
    Promise.all(NETWORK_SYSCTLS.map((name) => isThere(`/proc/sys/${name.replaceAll('.', '/')}`))),
  ]);
  const kernel = parseKernelRelease(release());
  const limits = new Set(cgroups.limits);
  // The file is there and takes nothing but "no limit" since 5.16.
  if (isKernelAtLeast({ kernel }, 5, 16)) limits.delete('kernel-memory');
  return {
    ...cgroups,
    limits,
    kernel,
    arch: arch(),
    hasSeccomp: status?.includes('\nSeccomp:') ?? false,
    hasApparmor: profiles !== undefined,
    hasDefaultApparmorProfile: /^docker-default /m.test(profiles ?? ''),
    cpuCount: cpus().length,
    hasCgroupNamespaces,
    thermalFolders,
    networkSysctls: new Set(NETWORK_SYSCTLS.filter((_, index) => present[index])),
  };
}

/** `6.18.44-fc-v595` -> 6, 18. Zeros when it begins otherwise. */
export function parseKernelRelease(text: string): HostFacts['kernel'] {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { release: text, major: Number(major), minor: Number(minor) };
}

export function isKernelAtLeast({ kernel }: Pick<HostFacts, 'kernel'>, major: number, minor: number): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

async function readThermalFolders(): Promise<string[]> {
  const names = await readdir(CPU_FOLDER).catch(() => []);
  const folders = names
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(CPU_FOLDER, name, 'thermal_throttle'));
  const present = await Promise.all(folders.map(isThere));
  return folders.filter((_, index) => present[index]);
}

function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
