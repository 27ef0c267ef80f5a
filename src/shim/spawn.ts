import type { RpcCallOptions } from '../protocol/method.js';

export interface ActionOptions extends RpcCallOptions {
  /** @default the process' own */
  readonly cwd?: string | undefined;
  /** The whole environment. @default the process' own */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What the program reads; nothing (`/dev/null`) when absent. */
  readonly stdin?: Uint8Array | undefined;
}

/** How a short program ended. */
export interface ActionResult {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** At most 1 MiB each; what came after that is dropped and `truncated` is set. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
}

/** Runs a short program, such as an action of a shim, to its end; any exit status is a result. */
export declare function runAction(
  binary: string,
  args: readonly string[],
  options?: ActionOptions,
): Promise<ActionResult>;
