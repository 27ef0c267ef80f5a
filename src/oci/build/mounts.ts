import { posix } from 'node:path';
import { FailedPreconditionError, InvalidArgumentError } from '../../errdefs/index.js';
import type { OciMount } from '../runtime-spec.js';
import type { SecurityOptions } from '../security-opt.js';
import { DEFAULT_MOUNTS } from './default-mounts.js';
import { type HostFacts, isKernelAtLeast } from './host-facts.js';
import { INIT_PATH, initOf } from './init-process.js';
import type { SpecInput, SpecMount } from './spec-input.js';
import { tmpfsMountsOf } from './tmpfs-mounts.js';

const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;
const SHM = '/dev/shm';
/** With a read-only root these stay writable: a program cannot do without. */
const ALWAYS_WRITABLE = new Set(['/proc', '/dev/pts', SHM, '/dev/mqueue', '/dev']);

type Mount = OciMount & { readonly options: readonly string[] };

/**
 * The mounts in the order in which they are made: Docker's own, then the user's, the less deep first. A mount of the
 * user's replaces one of Docker's at the same place, and one at /dev all below it.
 * @throws InvalidArgumentError for tmpfs options that cannot be, and for a mount that contradicts itself;
 * FailedPreconditionError when a recursively read-only mount is demanded of a kernel that has none
 */
export function mountsOf(input: SpecInput, security: Pick<SecurityOptions, 'writableCgroups'>): OciMount[] {
  const { hostConfig, host } = input;
  const tmpfs = tmpfsMountsOf(hostConfig);
  const taken = new Set(tmpfs.map(({ destination }) => posix.resolve('/', destination)));
  const binds = [...input.mounts, ...fileMounts(input), ...shmMounts(input)].filter(({ destination }) => {
    const place = posix.resolve('/', destination);
    // The first one holds: the user's come before ours, and a tmpfs before a bind as in dockerd.
    return !taken.has(place) && taken.add(place);
  });
  const own = sorted([...tmpfs, ...binds.map((bind) => bindMount(bind, host))]);
  const defaults = defaultMounts(input, security, taken);
  const init = initOf(input);
  const initMount = init === undefined || taken.has(INIT_PATH) ? [] : [init.mount];
  return [...defaults, ...initMount, ...own];
}

function defaultMounts(
  { hostConfig }: SpecInput,
  { writableCgroups }: Pick<SecurityOptions, 'writableCgroups'>,
  taken: ReadonlySet<string>,
): Mount[] {
  const { IpcMode, ShmSize = 0, ReadonlyRootfs, Privileged = false } = hostConfig;
  const mounts: Mount[] = [];
  for (const mount of DEFAULT_MOUNTS) {
    const { destination } = mount;
    if (taken.has(destination) || (taken.has('/dev') && destination.startsWith('/dev/'))) continue;
    if (destination === SHM && IpcMode === 'none') continue;
    let options = mount.options;
    if (destination === SHM) options = [...options, `size=${ShmSize === 0 ? DEFAULT_SHM_BYTES : ShmSize}`];
    if (ReadonlyRootfs === true && !ALWAYS_WRITABLE.has(destination)) options = [...new Set([...options, 'ro'])];
    const isWritable = mount.type === 'cgroup' ? Privileged || writableCgroups : destination === '/sys' && Privileged;
    if (isWritable) options = options.filter((option) => option !== 'ro');
    mounts.push({ ...mount, options });
  }
  return mounts;
}

function bindMount(mount: SpecMount, host: HostFacts): OciMount {
  const { source, destination, nonRecursive = false, propagation } = mount;
  const options = [
    nonRecursive ? 'bind' : 'rbind',
    ...readOnlyOptions(mount, host),
    propagation === undefined || propagation === '' ? 'rprivate' : propagation,
  ];
  return { destination, type: 'bind', source, options };
}

/** `ro` too where `rro` is asked for: a runtime that does not know the one passes over it. */
function readOnlyOptions(mount: SpecMount, host: HostFacts): string[] {
  const { readOnly = false, readOnlyNonRecursive = false, readOnlyForceRecursive = false } = mount;
  if (!readOnly) return [];
  if (readOnlyNonRecursive && readOnlyForceRecursive) {
    throw new InvalidArgumentError('mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive');
  }
  if (readOnlyNonRecursive) return ['ro'];
  if (isKernelAtLeast(host, 5, 12)) return ['ro', 'rro'];
  if (!readOnlyForceRecursive) return ['ro'];
  throw new FailedPreconditionError('rro is not supported: kernel is older than 5.12', {
    fields: { path: mount.source, kernel: host.kernel.release },
  });
}

function fileMounts({ files, hostConfig }: SpecInput): SpecMount[] {
  const readOnly = hostConfig.ReadonlyRootfs === true;
  const places: readonly (readonly [destination: string, source: string | undefined])[] = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ];
  return places.flatMap(([destination, source]) => (source === undefined ? [] : [{ source, destination, readOnly }]));
}

/** Processes that share an IPC namespace share its /dev/shm. */
function shmMounts({ hostConfig, joined }: SpecInput): SpecMount[] {
  const source = hostConfig.IpcMode === 'host' ? SHM : joined.shmPath;
  return source === undefined ? [] : [{ source, destination: SHM }];
}

function sorted(mounts: readonly OciMount[]): OciMount[] {
  return [...mounts].sort((a, b) => depth(a.destination) - depth(b.destination));
}

function depth(path: string): number {
  return posix
    .normalize(path)
    .split('/')
    .filter((name) => name !== '').length;
}
