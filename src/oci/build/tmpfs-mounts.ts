import { InvalidArgumentError } from '../../errdefs/index.js';
import type { HostConfig, TmpfsOptions } from '../config/host-config.js';
import type { OciMount } from '../runtime-spec.js';

/** Mount options by what they decide: of those that decide the same, the last holds. */
const FLAGS: ReadonlyMap<string, string> = new Map(
  [
    ['ro', 'rw'],
    ['suid', 'nosuid'],
    ['dev', 'nodev'],
    ['exec', 'noexec'],
    ['sync', 'async'],
    ['dirsync'],
    ['remount'],
    ['mand', 'nomand'],
    ['atime', 'noatime'],
    ['diratime', 'nodiratime'],
    ['relatime', 'norelatime'],
    ['strictatime', 'nostrictatime'],
    ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable', 'bind', 'rbind'],
  ].flatMap((group) => group.map((option) => [option, group.join()] as const)),
);
const SETTINGS = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);
const DEFAULTS = ['noexec', 'nosuid', 'nodev', 'rprivate'];

const UNITS: readonly (readonly [suffix: string, bytes: number])[] = [
  ['g', 2 ** 30],
  ['m', 2 ** 20],
  ['k', 2 ** 10],
];

/**
 * The tmpfs of `--tmpfs` and of `--mount type=tmpfs`; nothing in them can be executed unless it is asked for.
 * @throws InvalidArgumentError for an option that tmpfs has not
 */
export function tmpfsMountsOf({ Tmpfs = {}, Mounts = [] }: HostConfig): OciMount[] {
  const requests = [
    ...Object.entries(Tmpfs).map(([destination, options]) => ({ destination, options })),
    ...Mounts.filter(({ Type }) => Type === 'tmpfs').map(({ Target, ReadOnly, TmpfsOptions }) => ({
      destination: Target,
      options: optionsOf(TmpfsOptions ?? {}, ReadOnly === true),
    })),
  ];
  return requests.map(({ destination, options }) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: merged([...DEFAULTS, ...options.split(',').filter((option) => option !== '')]),
  }));
}

function optionsOf({ SizeBytes = 0, Mode = 0, Options = [] }: TmpfsOptions, isReadOnly: boolean): string {
  const options = isReadOnly ? ['ro'] : [];
  if (Mode !== 0) options.push(`mode=${Mode.toString(8)}`);
  if (SizeBytes !== 0) options.push(`size=${sizeOf(SizeBytes)}`);
  for (const [name = '', value, ...rest] of Options) {
    if (rest.length > 0) throw new InvalidArgumentError('invalid option array length');
    if (name !== 'exec' && name !== 'noexec') throw new InvalidArgumentError(`invalid option: ${name}`);
    options.push(value === undefined ? name : `${name}=${value}`);
  }
  return options.join(',');
}

function sizeOf(bytes: number): string {
  const [suffix, unit] = UNITS.find(([, each]) => bytes % each === 0) ?? ['', 1];
  return `${bytes / unit}${suffix}`;
}

/** In their order, without those that a later one overrides. */
function merged(options: readonly string[]): string[] {
  const last = new Map<string, string>();
  for (const option of options) {
    if (option === 'defaults') continue;
    const key = FLAGS.get(option) ?? settingOf(option);
    // Set anew: it takes the later place.
    last.delete(key);
    last.set(key, option);
  }
  return [...last.values()];
}

function settingOf(option: string): string {
  const [name = '', value] = option.split('=', 2);
  if (value !== undefined && SETTINGS.has(name)) return name;
  throw new InvalidArgumentError(`invalid tmpfs option ${JSON.stringify(name)}`);
}
