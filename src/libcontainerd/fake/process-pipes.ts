import { appendFile } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import type { FileStdioOptions, NewTaskOptions } from '../types.js';
import type { Freezer } from './freezer.js';
import { OutputFifos } from './output-fifos.js';
import { FakePipe } from './pipe.js';

/** The FIFOs of one process; an absent one is /dev/null. */
export interface ProcessPipes {
  readonly stdin: FakePipe | undefined;
  readonly stdout: FakePipe | undefined;
  readonly stderr: FakePipe | undefined;
  readonly terminal: boolean;
  /** Where the output goes instead. */
  readonly files?: FileStdioOptions['files'] | undefined;
  /** Or into real FIFOs, for another process. */
  readonly fifos?: OutputFifos | undefined;
}

export async function makePipes(options: NewTaskOptions['stdio'], terminal: boolean): Promise<ProcessPipes> {
  const none = { stdin: undefined, stdout: undefined, stderr: undefined, terminal };
  if (options === undefined) return none;
  if ('files' in options) return { ...none, files: options.files };
  const stdin = options.stdin ? new FakePipe() : undefined;
  if ('external' in options) return { ...none, stdin, fifos: await OutputFifos.make(terminal) };
  return {
    stdin,
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
  const { fifos, files } = pipes;
  const ends = {
    stdin: pipes.stdin?.reader(freezer) ?? Readable.from([]),
    stdout: pipes.stdout?.writer({ freezer, terminal }) ?? fifos?.writer('stdout', freezer) ?? writerTo(files?.stdout),
    stderr: errors?.writer({ freezer, terminal }) ?? fifos?.writer('stderr', freezer) ?? writerTo(files?.stderr),
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
