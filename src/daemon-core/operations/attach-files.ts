import { PassThrough } from 'node:stream';
import { isCanceled } from '../../errdefs/index.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { Attachment, AttachOptions } from '../streams/stream-hub.js';

/** For a container whose output goes into files without us: follows them. It has no stdin. */
export function attachToFiles(c: ManagedContainer, options: AttachOptions): Attachment {
  const giveUp = new AbortController();
  const { signal } = options;
  const bounded = signal === undefined ? giveUp.signal : AbortSignal.any([signal, giveUp.signal]);
  const stdout = options.stdout === true ? new PassThrough() : undefined;
  const stderr = options.stderr === true ? new PassThrough() : undefined;
  const entries = c.logs.read({
    follow: true,
    tail: 0,
    fromNow: true,
    waitForRun: true,
    stdout: stdout !== undefined,
    stderr: stderr !== undefined,
    signal: bounded,
  });
  const copy = async (): Promise<'ended' | 'detached' | 'dropped'> => {
    try {
      for await (const { stream, line } of entries) {
        const out = stream === 'stdout' ? stdout : stderr;
        if (out === undefined || out.destroyed) continue;
        if (!out.write(line)) await drained(out, bounded);
      }
      return 'ended';
    } catch (err) {
      return isCanceled(err) ? 'detached' : 'dropped';
    } finally {
      stdout?.end();
      stderr?.end();
    }
  };
  return { stdin: undefined, stdout, stderr, done: copy(), detach: () => giveUp.abort() };
}

function drained(stream: PassThrough, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle);
      stream.off('close', settle);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
    signal.addEventListener('abort', settle);
  });
}
