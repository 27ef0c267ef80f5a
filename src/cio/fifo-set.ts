import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError } from '../errdefs/index.js';
import { fifoError, makeFifos } from '../platform/fifo.js';
import type { StdioConfig } from './stdio.js';

export interface FifoSetOptions {
  /** An existing folder that both the shim and this process see under this name. */
  readonly dir: string;
  /** The container's id for the init process, else the exec's id. */
  readonly processId: string;
  readonly stdin: boolean;
  readonly terminal: boolean;
}

/** The files of one process' stdio, named as containerd's client names them. */
export class FifoSet {
  readonly config: StdioConfig;

  constructor(config: StdioConfig) {
    this.config = config;
  }

  /** @throws InternalError `ERR_FIFO` when the process id is no file name */
  static of(options: FifoSetOptions): FifoSet {
    const { dir, processId, terminal } = options;
    if (processId === '' || processId.includes('/')) {
      throw new InternalError('name fifos: process id is no file name', { code: 'ERR_FIFO', fields: { processId } });
    }
    const path = (name: string) => join(dir, `${processId}-${name}`);
    return new FifoSet({
      stdin: options.stdin ? path('stdin') : '',
      stdout: path('stdout'),
      // A terminal is one stream; the shim refuses a stderr beside it.
      stderr: terminal ? '' : path('stderr'),
      terminal,
    });
  }

  get paths(): string[] {
    return [this.config.stdin, this.config.stdout, this.config.stderr].filter((path) => path !== '');
  }

  /** Makes the files; those there already are kept. @throws as `makeFifos` does, which leaves none then */
  make(): Promise<void> {
    return makeFifos(this.paths);
  }

  /** Deletes the files. Missing ones do not matter. @throws InternalError `ERR_FIFO` and as `fifoError` gives */
  async remove(): Promise<void> {
    for (const path of this.paths) {
      try {
        await rm(path, { force: true });
      } catch (err) {
        throw fifoError('remove fifo', err, path);
      }
    }
  }
}
