import { Writable } from 'node:stream';
import type { DetachKeyFilter } from './detach-keys.js';
import type { RunInput } from './run-input.js';

type Done = (error?: Error | null) => void;

export interface AttachmentInputOptions {
  readonly keys: DetachKeyFilter | undefined;
  /**
   * Called once, when nothing more comes: `keys` the detach keys did, `end` the input was ended and all of it is written,
   * `cut` it was destroyed.
   */
  onEnd(how: 'keys' | 'end' | 'cut'): void;
}

/** What one of those attached types. Waits for a run to take it. */
export class AttachmentInput extends Writable {
  readonly #options: AttachmentInputOptions;
  #target: RunInput | undefined;
  #onTarget: ((target: RunInput) => void) | undefined;
  #ended: 'keys' | 'end' | 'cut' | undefined;

  constructor(options: AttachmentInputOptions) {
    super();
    this.#options = options;
    this.on('error', () => {});
  }

  connect(target: RunInput): void {
    this.#target = target;
    this.#onTarget?.(target);
    this.#onTarget = undefined;
  }

  /** Nobody takes what it is given any more. One that was ended finishes by itself. */
  close(): void {
    if (this.#ended !== 'end') this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    const { bytes, isDetached } = this.#options.keys?.push(chunk) ?? { bytes: chunk, isDetached: false };
    this.#pass(bytes, () => {
      done();
      if (isDetached) this.#end('keys');
    });
  }

  override _final(done: Done): void {
    this.#pass(this.#options.keys?.end() ?? Buffer.alloc(0), () => {
      done();
      this.#end('end');
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#onTarget = undefined;
    done(error);
    this.#end('cut');
  }

  #pass(bytes: Buffer, done: () => void): void {
    if (this.#target === undefined) this.#onTarget = (target) => target.write(bytes, done);
    else this.#target.write(bytes, done);
  }

  #end(how: 'keys' | 'end' | 'cut'): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    this.#options.onEnd(how);
  }
}
