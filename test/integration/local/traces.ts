import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootfsMount } from '../../../src/libcontainerd/types.js';
import type { OciSpec } from '../../../src/oci/runtime-spec.js';
import { mountsBelow } from '../../../src/platform/mount-info.js';
import type { Bundle } from '../../../src/shim/bundle.js';
import { readBootstrap, readShimRecord } from '../../../src/shim/bundle-files.js';
import { BundleStore } from '../../../src/shim/bundle-store.js';
import type { LocalHost } from '../host/local-host.js';
import { containerSpec } from '../host/spec.js';
import { until } from '../host/until.js';

const CGROUPS = '/sys/fs/cgroup';

export interface VictimOptions {
  readonly args: readonly string[];
  /** Without a pid namespace of its own: nothing but its cgroup holds its processes together. */
  readonly sharesPids?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** For a root file system that comes as mounts. @default the host's */
  readonly rootfs?: string;
}

export function victimSpec(host: LocalHost, options: VictimOptions): OciSpec {
  const { args, sharesPids = false, annotations = {}, rootfs = host.rootfs } = options;
  const spec = containerSpec({ rootfs, process: { args, cwd: '/', env: ['PATH=/bin'] } });
  const namespaces = spec.linux?.namespaces?.filter(({ type }) => !sharesPids || type !== 'pid') ?? [];
  return { ...spec, annotations, linux: { ...spec.linux, namespaces } };
}

/** A root file system of its own over the host's, as an image store gives it. Its layers have to go with the test. */
export async function overlay(
  host: LocalHost,
  name: string,
): Promise<{ mounts: RootfsMount[]; drop(): Promise<void> }> {
  const folder = join(host.folder, 'layers', name);
  const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
  await mkdir(upper, { recursive: true });
  await mkdir(work);
  const options = [`lowerdir=${host.rootfs}`, `upperdir=${upper}`, `workdir=${work}`];
  return {
    mounts: [{ type: 'overlay', source: 'overlay', options }],
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

export function bundleOf(host: LocalHost, id: string, namespace = 'test'): Bundle {
  return new BundleStore(join(host.core.state, 'bundles')).at(namespace, id);
}

/** Of the shim that serves a container, as its bundle names it. */
export async function shimPidOf(host: LocalHost, id: string, namespace = 'test'): Promise<number> {
  const record = await readShimRecord(bundleOf(host, id, namespace));
  if (record?.pid === undefined) throw new Error(`the bundle of ${id} names no shim`);
  return record.pid;
}

/** The socket of a container's shim, where it is a file. */
export async function shimSocketOf(host: LocalHost, id: string): Promise<string | undefined> {
  const address = (await readBootstrap(bundleOf(host, id)))?.address ?? '';
  return address.startsWith('unix:///') ? address.slice('unix://'.length) : undefined;
}

export function cgroupOf(spec: OciSpec): string {
  return spec.linux?.cgroupsPath ?? '';
}

/** Pids that live in the cgroup, in any hierarchy. A zombie has ended. */
export async function processesIn(cgroup: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const pid of pids) {
    const lines = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (lines.split('\n').some((line) => line.endsWith(`:${cgroup}`)) && (await isRunning(Number(pid)))) {
      found.push(Number(pid));
    }
  }
  return found;
}

/** False for a zombie, which waits for its parent. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/^ [ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 1));
}

export async function cgroupFolders(cgroup: string): Promise<string[]> {
  const hierarchies = await readdir(CGROUPS);
  return [join(CGROUPS, cgroup), ...hierarchies.map((name) => join(CGROUPS, name, cgroup))].filter(existsSync);
}

/** What there still is of a container whose task is gone, each in words. */
export async function tracesOf(host: LocalHost, id: string, cgroup: string): Promise<string[]> {
  const bundle = bundleOf(host, id).path;
  const [pids, cgroups, mounts] = await Promise.all([processesIn(cgroup), cgroupFolders(cgroup), mountsBelow(bundle)]);
  return [
    ...pids.map((pid) => `process ${pid}`),
    ...cgroups.map((folder) => `cgroup ${folder}`),
    ...mounts.map((mount) => `mount ${mount}`),
  ];
}

export async function end(pid: number, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
  process.kill(pid, signal);
  await until(`process ${pid} has ended`, async () => !(await isRunning(pid)));
}

/** Every name below the folders, so that two states can be compared. */
export async function listing(...folders: readonly string[]): Promise<string[]> {
  const names = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries.map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return names.flat().sort();
}
