import type { Readable, Writable } from 'node:stream';

/** In character cells. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** What a program of the fake sees of itself. */
export interface ProgramContext {
  readonly containerId: string;
  /** The container's id for its init, else the exec's id. */
  readonly id: string;
  readonly pid: number;
  readonly args: readonly string[];
  /** `NAME=value` each. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** Ends at once when the process was given none. */
  readonly stdin: Readable;
  /** Waits, by back pressure, while 64 KiB are unread. */
  readonly stdout: Writable;
  /** With a terminal the same stream as `stdout`, for the reader. */
  readonly stderr: Writable;
  readonly terminal: boolean;
  /** Of the terminal; 0 by 0 until it is set. */
  readonly size: TerminalSize;
  /** The folder of the checkpoint that the task was created from. */
  readonly restoredFrom: string | undefined;
  /** Fires when the process has ended, so that what the program left running can stop. */
  readonly ended: AbortSignal;
  /**
   * Takes all signals but SIGKILL; by default a signal ends the process with 128 + its number (or does nothing, where
   * that is its default).
   */
  onSignal(handler: (name: string, number: number) => void): void;
  onResize(handler: (size: TerminalSize) => void): void;
  /** Ends the process from anywhere, after what it wrote so far has been taken. */
  exit(code: number): void;
}

/**
 * A program of the fake: started with the process, which ends with the number it gives. What it throws goes to stderr,
 * and the process ends with 1.
 */
export type FakeProgram = (process: ProgramContext) => number | Promise<number>;

/** Programs by `args[0]`: what is in the root file system of every container. */
export type FakePrograms = Readonly<Record<string, FakeProgram>>;
