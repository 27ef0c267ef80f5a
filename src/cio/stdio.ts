import type { Writable } from 'node:stream';
import type { OutputStream } from './output-stream.js';

/** Paths as Create, Exec and Get carry them; an empty one means: none. */
export interface StdioConfig {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** Our opened ends. With a terminal everything the process writes is in `stdout`. */
export interface StdioStreams {
  readonly stdin: Writable | undefined;
  readonly stdout: OutputStream | undefined;
  readonly stderr: OutputStream | undefined;
  readonly terminal: boolean;
}

/**
 * - `opening`: our ends are open, the shim's may not be. Output flows when it comes; stdin takes bytes and keeps its EOF.
 * - `open`: the shim has its ends.
 * - `closed`: nothing is open any more, or is being closed.
 */
export type StdioState = 'opening' | 'open' | 'closed';

export interface DrainOptions {
  /** How long no byte may move before the rest is given up: a grandchild holds the pipe. @default 2000 */
  readonly idleMs?: number | undefined;
  /** Upper bound of the wait, however much flows. @default 10000 */
  readonly maxMs?: number | undefined;
}

export interface CloseStdioOptions {
  /**
   * Delete the FIFOs. `false` leaves them for an engine to come, which attaches to the running process again.
   * @default true when this object made them
   */
  readonly removeFiles?: boolean | undefined;
}

/** The stdio of one process, as the backend that runs it handles it. */
export interface Stdio {
  readonly config: StdioConfig;
  readonly streams: StdioStreams;
  readonly state: StdioState;
  /** To be called when the shim has opened its ends: after Create for an init process, after Start for an exec. */
  peerOpened(): void;
  /** To be called when it never will, for Create or Start failed: output ends, stdin closes with no `closeStdin`. */
  peerFailed(): void;
  /**
   * What tells the shim to close its own write end of stdin (CloseIO); without it the process never reads EOF. Called
   * once at most, after our end is closed. Set late it is called at once if it is due.
   */
  setCloseStdin(closeStdin: () => Promise<void>): void;
  /** To be called at the process' exit: stdin is closed, quietly. Output goes on until it ends. */
  processExited(): void;
  /** Settles when all output was consumed up to its end, or its streams were destroyed. Never rejects. */
  drained(): Promise<void>;
  /** For after the exit. True as `drained`, false when the output was given up; then `close` cuts it off. */
  waitDrained(options?: DrainOptions): Promise<boolean>;
  /** Closes everything; unread output is lost. The process is not told: its stdin gets no EOF. Idempotent. */
  close(options?: CloseStdioOptions): Promise<void>;
}

/** The stdio of a process whose output others write to files. The files are theirs. */
export function fileStdio(stdout: string, stderr: string): Stdio {
  return { ...nullStdio, config: { stdin: '', stdout, stderr, terminal: false } };
}

/** The stdio of a process that has none: all three are /dev/null. Has no state, so that all can share it. */
export const nullStdio: Stdio = Object.freeze({
  config: Object.freeze({ stdin: '', stdout: '', stderr: '', terminal: false }),
  streams: Object.freeze({ stdin: undefined, stdout: undefined, stderr: undefined, terminal: false }),
  state: 'open',
  peerOpened() {},
  peerFailed() {},
  setCloseStdin() {},
  processExited() {},
  async drained() {},
  async waitDrained() {
    return true;
  },
  async close() {},
});
