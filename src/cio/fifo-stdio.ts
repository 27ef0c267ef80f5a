import { stat } from 'node:fs/promises';
import { waitForDrain } from './drain.js';
import { closeFds, closeStream, type FifoEnds, noticeEnd, openEnds } from './fifo-ends.js';
import { FifoReader } from './fifo-reader.js';
import { FifoSet, type FifoSetOptions } from './fifo-set.js';
import { FifoWriter } from './fifo-writer.js';
import type { CloseStdioOptions, DrainOptions, Stdio, StdioConfig, StdioState, StdioStreams } from './stdio.js';

const FIFO_SCHEME = 'fifo://';

export interface OpenFifoOptions {
  /** Another process reads the outputs: no streams of them here. @default false */
  readonly external?: boolean | undefined;
}

/** The stdio of one process over FIFOs, our side of them opened. See README.md for their life. */
export class FifoStdio implements Stdio {
  readonly config: StdioConfig;
  readonly streams: StdioStreams;
  readonly #files: FifoSet;
  /** Whether this object made the files. */
  readonly #isOwner: boolean;
  readonly #stdin: FifoWriter | undefined;
  readonly #outputs: readonly FifoReader[];
  readonly #drained: Promise<void>;
  #keepers: readonly number[];
  /** Read ends that were opened to find the writers there, or gone already. */
  readonly #lateEnds: readonly { readonly fd: number; readonly stream: FifoReader }[];
  #state: StdioState;
  #closing: Promise<void> | undefined;

  private constructor(files: FifoSet, isOwner: boolean, ends: FifoEnds) {
    this.config = files.config;
    this.#files = files;
    this.#isOwner = isOwner;
    this.#keepers = ends.keepers;
    this.#stdin = ends.stdin === undefined ? undefined : new FifoWriter(ends.stdin);
    const stdout = readerOf(ends.stdout);
    const stderr = readerOf(ends.stderr);
    this.#outputs = [stdout, stderr].filter((stream) => stream !== undefined);
    this.#lateEnds = isOwner ? [] : [lateEnd(ends.stdout, stdout), lateEnd(ends.stderr, stderr)].flat();
    this.#drained = allClosed(this.#outputs);
    this.streams = { stdin: this.#stdin, stdout, stderr, terminal: files.config.terminal };
    this.#state = 'opening';
  }

  /**
   * Makes the FIFOs of a process to come and opens our ends. After a failure neither a file nor a descriptor is left.
   *
   * @throws InternalError `ERR_FIFO`; PermissionDeniedError `ERR_STATE_DIR`; ResourceExhaustedError
   */
  static async create(options: FifoSetOptions & OpenFifoOptions): Promise<FifoStdio> {
    const files = FifoSet.of(options);
    await files.make();
    try {
      return new FifoStdio(files, true, await openEnds(files.config, { keep: true, read: options.external !== true }));
    } catch (err) {
      // What failed first is what the caller has to know.
      await files.remove().catch(() => {});
      throw err;
    }
  }

  /**
   * Opens the FIFOs of a running process again, from the paths that the backend reports. Only one reader may exist.
   * Outputs that are no FIFOs (`binary://`, `file://`, regular files) belong to others and are left alone: no stream,
   * path ''.
   *
   * @throws as `create`; InternalError `ERR_FIFO` also when a FIFO is not there
   */
  static async openExisting(config: StdioConfig, options: OpenFifoOptions = {}): Promise<FifoStdio> {
    const paths = [config.stdin, config.stdout, config.stderr].map(fifoPath);
    const [stdin = '', stdout = '', stderr = ''] = await Promise.all(paths.map(unlessTheirs));
    const files = new FifoSet({ stdin, stdout, stderr, terminal: config.terminal });
    const ends = await openEnds(files.config, { keep: false, read: options.external !== true });
    const stdio = new FifoStdio(files, false, ends);
    stdio.peerOpened();
    return stdio;
  }

  get state(): StdioState {
    return this.#state;
  }

  peerOpened(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#closeKeepers();
    this.#stdin?.peerOpened();
  }

  peerFailed(): void {
    // With the keepers the last writers go, unless the shim has some: the outputs end as if it had come and gone.
    this.#closeKeepers();
    this.#stdin?.giveUp();
  }

  setCloseStdin(closeStdin: () => Promise<void>): void {
    this.#stdin?.setCloseStdin(closeStdin);
  }

  processExited(): void {
    // Keepers of a process that was never reported open would hold back EOF for ever.
    this.#closeKeepers();
    for (const { fd, stream } of this.#lateEnds) {
      if (!stream.isOver) noticeEnd(fd);
    }
    this.#stdin?.giveUp();
  }

  drained(): Promise<void> {
    return this.#drained;
  }

  waitDrained(options?: DrainOptions): Promise<boolean> {
    return waitForDrain(this.#outputs, this.#drained, options);
  }

  async close(options: CloseStdioOptions = {}): Promise<void> {
    this.#closing ??= this.#closeEnds();
    await this.#closing;
    if (options.removeFiles ?? this.#isOwner) await this.#files.remove();
  }

  async #closeEnds(): Promise<void> {
    this.#state = 'closed';
    this.#closeKeepers();
    await Promise.all([this.#stdin?.abandon(), ...this.#outputs.map(closeStream)]);
  }

  #closeKeepers(): void {
    const keepers = this.#keepers;
    this.#keepers = [];
    closeFds(keepers);
  }
}

function readerOf(fd: number | undefined): FifoReader | undefined {
  return fd === undefined ? undefined : new FifoReader(fd);
}

function lateEnd(fd: number | undefined, stream: FifoReader | undefined): { fd: number; stream: FifoReader }[] {
  return fd === undefined || stream === undefined ? [] : [{ fd, stream }];
}

async function allClosed(streams: readonly FifoReader[]): Promise<void> {
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('close', resolve))));
}

function fifoPath(uri: string): string {
  if (uri.startsWith(FIFO_SCHEME)) return uri.slice(FIFO_SCHEME.length);
  return uri.includes('://') ? '' : uri;
}

/** '' for a regular file, or /dev/null, to which a shim writes. What is not there is an error of the open. */
async function unlessTheirs(path: string): Promise<string> {
  if (path === '') return '';
  const isTheirs = await stat(path).then(
    (stats) => stats.isFile() || stats.isCharacterDevice(),
    () => false,
  );
  return isTheirs ? '' : path;
}
