import { constants, openSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { makeFifos } from '../../platform/fifo.js';
import type { Freezer } from './freezer.js';
import { carriageReturns } from './pipe.js';

/** Real FIFOs for the output of a fake process: what another process is to read has to be there for it. */
export class OutputFifos {
  readonly stdout: string;
  /** '' with a terminal. */
  readonly stderr: string;
  readonly #folder: string;

  private constructor(folder: string, terminal: boolean) {
    this.#folder = folder;
    this.stdout = join(folder, 'stdout');
    this.stderr = terminal ? '' : join(folder, 'stderr');
  }

  static async make(terminal: boolean): Promise<OutputFifos> {
    const fifos = new OutputFifos(await mkdtemp(join(tmpdir(), 'fake-fifos-')), terminal);
    await makeFifos([fifos.stdout, fifos.stderr].filter((path) => path !== ''));
    return fifos;
  }

  /** The end of a process that starts; its reader is there by now. */
  writer(stream: 'stdout' | 'stderr', freezer: Freezer): Writable {
    const path = this[stream] === '' ? this.stdout : this[stream];
    // Also for reading, as a shim has it: a reader that was killed must not break the pipe.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const socket = new Socket({ fd, readable: false, writable: true });
    socket.on('error', () => {});
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        const bytes = this.stderr === '' ? carriageReturns(chunk) : chunk;
        freezer.run(() => socket.write(bytes, (err) => done(err ?? null)));
      },
      final: (done) => void socket.end(() => done()),
      destroy: (err, done) => {
        socket.destroy();
        done(err);
      },
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
