import { Readable, Writable } from 'node:stream';
import type { StdioOptions } from '../types.js';
import type { Freezer } from './freezer.js';
import { FakePipe } from './pipe.js';

/** The FIFOs of one process; an absent one is /dev/null. */
export interface ProcessPipes {
  readonly stdin: FakePipe | undefined;
  readonly stdout: FakePipe | undefined;
  readonly stderr: FakePipe | undefined;
  readonly terminal: boolean;
}

export function makePipes(options: StdioOptions | undefined, terminal: boolean): ProcessPipes {
  if (options === undefined) return { stdin: undefined, stdout: undefined, stderr: undefined, terminal };
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
    stdout: pipes.stdout?.writer({ freezer, terminal }) ?? devNull(),
    stderr: errors?.writer({ freezer, terminal }) ?? devNull(),
  };
  // A program that writes after its own exit must not take the test process with it.
  for (const stream of Object.values(ends)) stream.on('error', () => {});
  return ends;
}

function devNull(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
