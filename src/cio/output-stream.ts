import type { Readable } from 'node:stream';

/** Takes the output of a process as it is read, with no buffer of its own in between. */
export interface OutputSink {
  /**
   * Bytes in their order. The chunk is valid during the call only: its memory is used for the next one. Must not throw.
   * @returns false: nothing more comes until `resume()` of the flow
   */
  write(chunk: Buffer): boolean;
  /** Called once, when nothing comes any more: at the end, or when the stream is cut off. */
  end(): void;
}

/** How the taker of an output holds it back: the process blocks when the pipe (64 KiB) is full. */
export interface OutputFlow {
  /** No chunk comes until `resume()`. */
  pause(): void;
  resume(): void;
}

/** The output of a process: a Readable, and for those who take much a way that makes no buffer a chunk. */
export interface OutputStream extends Readable {
  /**
   * Gives all that is not read yet, and all to come, to the sink. Instead of reading the stream, which gives nothing more
   * but its 'end' and 'close': call it once, before anything else reads. At most 64 KiB come in one turn of the event loop.
   * Every backend has it; a stream made elsewhere may not.
   */
  consume?(sink: OutputSink): OutputFlow;
}
