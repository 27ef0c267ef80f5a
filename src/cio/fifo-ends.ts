import { close, closeSync, constants, fstat, open, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { InternalError } from '../errdefs/index.js';
import { fifoError } from '../platform/fifo.js';
import type { StdioConfig } from './stdio.js';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const openFd = promisify(open);
const statFd = promisify(fstat);
const closeFd = promisify(close);

/** Descriptors of our ends. Whoever has them closes them. */
export interface FifoEnds {
  readonly stdin: number | undefined;
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
  /** Write ends that we hold ourselves, so that the read ends see no EOF before the shim came. */
  readonly keepers: readonly number[];
}

export interface OpenEndsOptions {
  /** Hold the write ends of the outputs, for a peer that is not there yet. */
  readonly keep: boolean;
  /** Open the read ends of the outputs; without it another process does. */
  readonly read: boolean;
}

/**
 * Opens our ends of the FIFOs that are there. No open waits for the peer: four that do would stop every file operation
 * of the process, as libuv has four threads. On failure nothing stays open.
 *
 * @throws InternalError `ERR_FIFO` when a path is missing or no FIFO; PermissionDeniedError `ERR_STATE_DIR`;
 * ResourceExhaustedError when no descriptor is left
 */
export async function openEnds(config: StdioConfig, { keep, read }: OpenEndsOptions): Promise<FifoEnds> {
  const opened: number[] = [];
  const keepers: number[] = [];
  const openPath = async (path: string, flags: number) => {
    const fd = await openFifo(path, flags);
    opened.push(fd);
    return fd;
  };
  const openStdin = async (path: string) => {
    // O_WRONLY fails with ENXIO while nobody reads.
    return path === '' ? undefined : await openPath(path, O_RDWR | O_NONBLOCK);
  };
  const openOutput = async (path: string) => {
    if (path === '') return undefined;
    if (keep) keepers.push(await openPath(path, O_RDWR | O_NONBLOCK));
    return read ? await openPath(path, O_RDONLY | O_NONBLOCK) : undefined;
  };
  const ends = [openStdin(config.stdin), openOutput(config.stdout), openOutput(config.stderr)] as const;
  try {
    const [stdin, stdout, stderr] = await Promise.all(ends);
    return { stdin, stdout, stderr, keepers };
  } catch (err) {
    // The others may still be at it; what they open has to be closed too.
    await Promise.allSettled(ends);
    closeFds(opened);
    throw err;
  }
}

async function openFifo(path: string, flags: number): Promise<number> {
  let fd: number;
  try {
    fd = await openFd(path, flags);
  } catch (err) {
    throw fifoError('open fifo', err, path);
  }
  if ((await statFd(fd)).isFIFO()) return fd;
  await closeFd(fd);
  throw new InternalError('open fifo: not a fifo', { code: 'ERR_FIFO', fields: { path } });
}

/**
 * Lets a read end notice that nobody writes. The kernel reports the end to those only that were open while there was a
 * writer (pipe_poll in fs/pipe.c): a reader that came later, to what a dead process left, would wait for ever. So
 * there is one, for a moment. While others write nothing happens.
 */
export function noticeEnd(fd: number): void {
  try {
    // By the descriptor: another FIFO may have the name by now. It does not wait, for we are the reader.
    closeSync(openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK));
  } catch {
    // No /proc. The output is then given up when it has been silent for a while.
  }
}

/** Closes at once: the close of a FIFO never waits. */
export function closeFds(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** Destroys a stream. Settles when its descriptor is closed; at once when it is already. */
export function closeStream(stream: Readable | Writable): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
    stream.destroy();
  });
}
