import { InvalidArgumentError } from '../errdefs/index.js';

/** moby `daemon/names`; it becomes a folder's name. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const ALLOWED = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
/** What a file system takes. */
const MAX_LENGTH = 255;

/** @throws InvalidArgumentError in dockerd's words (moby `volume/local/local.go`) */
export function assertVolumeName(name: string): void {
  const problem = problemOf(name);
  if (problem === undefined) return;
  throw new InvalidArgumentError(`create ${name.slice(0, MAX_LENGTH)}: ${problem}`);
}

function problemOf(name: string): string | undefined {
  if (name.length === 1) return 'volume name is too short, names should be at least two alphanumeric characters';
  if (name.length > MAX_LENGTH) return `volume name is longer than ${MAX_LENGTH} characters`;
  if (NAME.test(name)) return undefined;
  return `${JSON.stringify(name)} includes invalid characters for a local volume name, only ${JSON.stringify(ALLOWED)} are allowed. If you intended to pass a host directory, use absolute path`;
}
