import type { Readable, Writable } from 'node:stream';

export interface AttachOptions {
  /** @default false */
  readonly stdin?: boolean | undefined;
  /** @default false */
  readonly stdout?: boolean | undefined;
  /** @default false; with a terminal there is no stderr, all is in stdout */
  readonly stderr?: boolean | undefined;
  /** Docker's syntax, see `parseDetachKeys`. Looked for in `stdin` of a terminal only, as dockerd does. @default 'ctrl-p,ctrl-q' */
  readonly detachKeys?: string | undefined;
  /** Drops the attachment. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * - `ended`: the run is over and its output was read to the end.
 * - `detached`: by `detach()`, by the detach keys, or by the end of `stdin` where that ends an attachment.
 * - `dropped`: by the signal, by the hub's close, by destroying a stream of it, or as it was too far behind.
 */
export type AttachmentEnd = 'ended' | 'detached' | 'dropped';

/** One of those attached to a container or an exec. */
export interface Attachment {
  /**
   * What is written goes to the process' stdin, after `begin`; a write is done when the pipe has it. Where the process has
   * no stdin, or has closed it, the bytes are discarded. Destroyed with the attachment.
   */
  readonly stdin: Writable | undefined;
  /** Ends with the run, after all output of it since the attach. Its chunks may be shared with other readers: do not change them. */
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Never rejects. */
  readonly done: Promise<AttachmentEnd>;
  /** Takes no more output: the outputs end after what they have. The process is not told. Safe to call twice. */
  detach(): void;
}
