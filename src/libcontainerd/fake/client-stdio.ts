import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { waitForDrain } from '../../cio/drain.js';
import type { StdioStreams } from '../types.js';
import type { PipeReader } from './pipe.js';
import type { ProcessPipes } from './process-pipes.js';

/** The ends of one process' stdio that a client has open. */
export class ClientStdio {
  readonly streams: StdioStreams;
  readonly #outputs: readonly PipeReader[];

  /** @throws ConflictError `ERR_STDIO_ATTACHED` while another client, or this one, reads the pipes */
  constructor(pipes: ProcessPipes) {
    const outputs: PipeReader[] = [];
    const open = (pipe: ProcessPipes['stdout']) => {
      const reader = pipe?.reader();
      if (reader !== undefined) outputs.push(reader);
      return reader;
    };
    this.streams = {
      stdout: open(pipes.stdout),
      stderr: open(pipes.stderr),
      stdin: openStdin(pipes),
      terminal: pipes.terminal,
    };
    this.#outputs = outputs;
  }

  /** Waits for the output of an ended process: as long as bytes flow, and 2 s more. */
  async drain(): Promise<void> {
    const ended = this.#outputs.map((stream) => finished(stream, { writable: false }).catch(() => {}));
    await waitForDrain(
      this.#outputs,
      Promise.all(ended).then(() => {}),
    );
  }

  /** Half close, after what was written. */
  async closeStdin(): Promise<void> {
    const { stdin } = this.streams;
    if (stdin === undefined || stdin.destroyed || stdin.writableFinished) return;
    const done = finished(stdin, { readable: false }).catch(() => {});
    stdin.end();
    await done;
  }

  /** Leaves the pipes to whoever attaches next. */
  close(): void {
    for (const stream of [...this.#outputs, this.streams.stdin]) stream?.destroy();
  }
}

function openStdin(pipes: ProcessPipes): Writable | undefined {
  const stdin = pipes.stdin?.writer({ closes: true });
  // The process has ended and reads no more. That is no error of the writer's.
  if (stdin !== undefined) pipes.stdin?.onBroken(() => stdin.destroy());
  return stdin;
}
