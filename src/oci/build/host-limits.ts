import { InvalidArgumentError, NotImplementedError } from '../../errdefs/index.js';
import type { HostConfig, Resources } from '../config/host-config.js';
import type { HostFacts } from './host-facts.js';

const NANO = 1_000_000_000;
/** CVE-2018-20699: a list must not be as long as somebody writes. */
const MAX_CPU = 8192;

/**
 * Refuses what this host could not do, in dockerd's words.
 * @throws InvalidArgumentError for more CPUs than there are; NotImplementedError for what this engine has not
 */
export function assertWithinHost(hostConfig: HostConfig, host: HostFacts): void {
  assertCpus(hostConfig, host);
  if (hasAny(hostConfig.IOMaximumBandwidth) || hasAny(hostConfig.IOMaximumIOps)) {
    throw new InvalidArgumentError(
      'Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps',
    );
  }
  for (const { Driver = '', Capabilities = [] } of hostConfig.DeviceRequests ?? []) {
    const capabilities = Capabilities.map((all) => `[${all.join(' ')}]`).join(' ');
    throw new InvalidArgumentError(
      `could not select device driver ${JSON.stringify(Driver)} with capabilities: [${capabilities}]`,
    );
  }
  const [storageOpt] = Object.keys(hostConfig.StorageOpt ?? {});
  if (storageOpt !== undefined) {
    throw new NotImplementedError(`--storage-opt ${storageOpt} is not supported: root file systems have no quota here`);
  }
}

function assertCpus({ NanoCpus = 0, CpusetCpus = '', CpusetMems = '' }: Resources, host: HostFacts): void {
  if (NanoCpus > 0 && !host.limits.has('cpu-cfs')) {
    throw new InvalidArgumentError(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  }
  const { cpuCount } = host;
  if (NanoCpus < 0 || (cpuCount > 0 && NanoCpus > cpuCount * NANO)) {
    throw new InvalidArgumentError(
      `range of CPUs is from 0.01 to ${cpuCount}.00, as there are only ${cpuCount} CPUs available`,
    );
  }
  if (!host.limits.has('cpuset')) return;
  assertListed('CPUs', 'cpus', CpusetCpus, host.cpus);
  assertListed('memory nodes', 'mems', CpusetMems, host.mems);
}

function assertListed(what: string, name: string, requested: string, available: string): void {
  const wanted = parseList(requested);
  if (wanted === undefined) throw new InvalidArgumentError(`Invalid value ${requested} for cpuset ${name}`);
  // Not read: the kernel will tell.
  if (available === '') return;
  const there = parseList(available) ?? new Set<number>();
  for (const each of wanted) {
    if (there.has(each)) continue;
    throw new InvalidArgumentError(
      `Requested ${what} are not available - requested ${requested}, available: ${available}`,
    );
  }
}

/** The kernel's list format, `0-3,8`. `undefined` when it is none. */
export function parseList(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  if (text === '') return numbers;
  for (const range of text.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || to < from || to > MAX_CPU) return undefined;
    for (let each = from; each <= to; each += 1) numbers.add(each);
  }
  return numbers;
}

function hasAny(value: number | undefined): boolean {
  return value !== undefined && value !== 0;
}
