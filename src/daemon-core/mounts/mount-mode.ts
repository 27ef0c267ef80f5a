/** What the options of `-v source:target:options` say. */
export interface MountMode {
  readonly readOnly: boolean;
  /** Absent when none was given. */
  readonly propagation?: string;
  readonly noCopy?: true;
}

export const DEFAULT_PROPAGATION = 'rprivate';

const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'];
/** At most one of each row (moby `volume/mounts/linux_parser.go`). Labels and consistency have no effect here. */
const KINDS: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  ['z', 'Z'],
  PROPAGATIONS,
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];

export function isPropagation(text: string): boolean {
  return PROPAGATIONS.includes(text);
}

/** `undefined` when it is no mode. */
export function parseMode(mode: string): MountMode | undefined {
  if (mode === '') return { readOnly: false };
  const options = mode.split(',');
  if (!options.every((option) => KINDS.some((kind) => kind.includes(option)))) return undefined;
  if (KINDS.some((kind) => options.filter((option) => kind.includes(option)).length > 1)) return undefined;
  const propagation = options.find(isPropagation);
  return {
    readOnly: options.includes('ro'),
    ...(propagation === undefined ? {} : { propagation }),
    ...(options.includes('nocopy') ? { noCopy: true } : {}),
  };
}
