import { appendFile } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import type { FileStdioOptions, StdioOptions } from '../types.js';
import type { Freezer } from './freezer.js';
import { FakePipe } from './pipe.js';

/** The FIFOs of one process; an absent one is /dev/null. */
export interface ProcessPipes {
  readonly stdin: FakePipe | undefined;
  readonly stdout: FakePipe | undefined;
  readonly stderr: FakePipe | undefined;
  readonly terminal: boolean;
  /** Where the output goes instead. */
  readonly files?: FileStdioOptions['files'] | undefined;
}

export function makePipes(options: StdioOptions | FileStdioOptions | undefined, terminal: boolean): ProcessPipes {
  const none = { stdin: undefined, stdout: undefined, stderr: undefined, terminal };
  if (options === undefined) return none;
  if ('files' in options) return { ...none, files: options.files };
  return {
    stdin: options.stdin ? new FakePipe() : undefined,
    stdout: new FakePipe(),
    stderr: terminal ? undefined : new FakePipe(),
    terminal,
  };
}

/** The ends that the process has. */
export interface ProcessEnds {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export function openProcessEnds(pipes: ProcessPipes, freezer: Freezer): ProcessEnds {
  const { terminal } = pipes;
  const errors = terminal ? pipes.stdout : pipes.stderr;
  const ends = {
    stdin: pipes.stdin?.reader(freezer) ?? Readable.from([]),
    stdout: pipes.stdout?.writer({ freezer, terminal }) ?? writerTo(pipes.files?.stdout),
    stderr: errors?.writer({ freezer, terminal }) ?? writerTo(pipes.files?.stderr),
  };
  // A program that writes after its own exit must not take the test process with it.
  for (const stream of Object.values(ends)) stream.on('error', () => {});
  return ends;
}

/** @param path absent: /dev/null */
function writerTo(path: string | undefined): Writable {
  if (path === undefined) return new Writable({ write: (_chunk, _encoding, done) => done() });
  return new Writable({ write: (chunk: Buffer, _encoding, done) => appendFile(path, chunk).then(() => done(), done) });
}
