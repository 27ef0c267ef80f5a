import { FailedPreconditionError } from '../../errdefs/index.js';
import type { OciMount } from '../runtime-spec.js';
import { isOwn } from './namespaces.js';
import type { SpecInput } from './spec-input.js';

export const INIT_PATH = '/sbin/docker-init';

export interface InitProcess {
  readonly mount: OciMount & { readonly options: readonly string[] };
  /** What comes before the command. */
  readonly args: readonly string[];
}

/**
 * A program that reaps what is left and hands on signals. Not in somebody else's pid namespace, which has one already.
 * @throws FailedPreconditionError when it is asked for and the engine has none
 */
export function initOf({ hostConfig, initPath }: Pick<SpecInput, 'hostConfig' | 'initPath'>): InitProcess | undefined {
  if (hostConfig.Init !== true || !isOwn(hostConfig.PidMode)) return undefined;
  if (initPath === undefined) {
    throw new FailedPreconditionError('an init process was asked for, and no docker-init is installed');
  }
  return {
    mount: { destination: INIT_PATH, type: 'bind', source: initPath, options: ['bind', 'ro'] },
    args: [INIT_PATH, '--'],
  };
}
