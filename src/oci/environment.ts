import { NotImplementedError } from '../errdefs/index.js';

export interface EnvironmentInput {
  /** `ContainerConfig.Env` and what comes over it, in order: `NAME=value` sets, `NAME` alone removes. */
  readonly env: readonly string[];
  /** '' or undefined: no HOSTNAME. */
  readonly hostname?: string | undefined;
  readonly tty: boolean;
  readonly home: string;
}

export function environmentOf(_input: EnvironmentInput): string[] {
  throw new NotImplementedError('being written');
}
