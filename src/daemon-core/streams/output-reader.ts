import { Readable } from 'node:stream';
import { ResourceExhaustedError } from '../../errdefs/index.js';
import { ByteQueue } from './byte-queue.js';
import { SpillFile } from './spill-file.js';

const HIGH_WATER_MARK = 64 * 1024;
const MEMORY_BYTES = 1024 * 1024;
const SPILL_BYTES = 1024 * 1024 * 1024;
/** In memory for the disk to take; past it the source is held back for the disk. */
const BACKLOG_BYTES = 4 * 1024 * 1024;
/** How long the disk may hold the source back. */
const BACKLOG_MS = 1_000;

export interface OutputReaderOptions {
  readonly spillFolder: string;
  /** Kept in memory for this reader. @default 1 MiB */
  readonly memoryBytes?: number | undefined;
  /** Kept on disk for it; who is further behind is dropped. @default 1 GiB */
  readonly spillBytes?: number | undefined;
}

/**
 * - `slow`: what it has not taken fills more than its stream's buffer. No harm but to the memory, and then the disk.
 * - `disk`: the disk does not take what comes.
 */
export type Pressure = 'none' | 'slow' | 'disk';

/**
 * One reader of an output. What it does not take waits in memory, then on disk, and holds nobody back. Destroyed with
 * ResourceExhaustedError when it is too far behind or there is no disk for it.
 */
export class OutputReader extends Readable {
  /** Called when the pressure has become less. */
  onRelief: () => void = () => {};
  readonly #options: OutputReaderOptions;
  readonly #memory = new ByteQueue();
  #spill: SpillFile | undefined;
  #isReading = false;
  #wants = false;
  #isFeeding = false;
  #isFinished = false;
  #isSlow = false;
  #backlogTimer: NodeJS.Timeout | undefined;

  constructor(options: OutputReaderOptions) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#options = options;
    // Who listens learns why it was dropped; who does not must not lose the engine.
    this.on('error', () => {});
  }

  get pressure(): Pressure {
    if (this.#backlogTimer !== undefined) return 'disk';
    return this.#isSlow ? 'slow' : 'none';
  }

  /**
   * Takes bytes. Never waits.
   * @param chunk is copied, where the consumer does not take it at once
   * @param own gives a copy of it that nobody changes any more
   */
  write(chunk: Buffer, own: () => Buffer): void {
    if (this.#isFinished || this.destroyed || chunk.length === 0) return;
    if (this.#wants && !this.#isFeeding && this.#memory.length === 0 && this.#spill === undefined) {
      this.#wants = false;
      this.push(own());
      return;
    }
    const { memoryBytes = MEMORY_BYTES } = this.#options;
    if (this.#spill === undefined && this.#memory.length + chunk.length <= memoryBytes) this.#memory.append(chunk);
    else this.#writeToDisk(chunk);
    this.#isSlow ||= this.#spill !== undefined || this.#memory.length >= HIGH_WATER_MARK;
    this.#feed();
  }

  /** Nothing more comes: the stream ends after what it has. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#wants = true;
    this.#feed();
  }

  override _read(): void {
    this.#wants = true;
    this.#feed();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#isFinished = true;
    this.#memory.clear();
    this.#spill?.close();
    this.#spill = undefined;
    this.#isSlow = false;
    this.#endBacklog();
    done(error);
    this.onRelief();
  }

  #writeToDisk(chunk: Buffer): void {
    const { spillBytes = SPILL_BYTES, spillFolder } = this.#options;
    if ((this.#spill?.length ?? 0) + chunk.length > spillBytes) {
      this.#drop(`it is more than ${spillBytes} bytes behind`);
      return;
    }
    try {
      this.#spill ??= SpillFile.open(spillFolder, spillBytes);
    } catch (err) {
      this.#drop('no file can be made for what it does not take', err);
      return;
    }
    this.#spill.append(chunk, () => {
      if ((this.#spill?.backlog ?? 0) <= BACKLOG_BYTES / 2 && this.#endBacklog()) this.onRelief();
    });
    if (this.#spill.backlog <= BACKLOG_BYTES) return;
    this.#backlogTimer ??= setTimeout(() => this.#drop('the disk does not take its bytes'), BACKLOG_MS).unref();
  }

  #endBacklog(): boolean {
    if (this.#backlogTimer === undefined) return false;
    clearTimeout(this.#backlogTimer);
    this.#backlogTimer = undefined;
    return true;
  }

  #drop(why: string, cause?: unknown): void {
    this.destroy(new ResourceExhaustedError(`drop a reader of output: ${why}`, { cause }));
  }

  #feed(): void {
    // A push may ask for more at once; the loop sees to it.
    if (this.#isFeeding || this.destroyed) return;
    this.#isFeeding = true;
    while (this.#wants && !this.#isReading) {
      const chunk = this.#memory.shift();
      if (chunk !== undefined) {
        this.#wants = false;
        this.push(chunk);
      } else if (this.#spill !== undefined) {
        void this.#readFromDisk(this.#spill);
      } else {
        if (this.#isFinished) this.#pushEnd();
        break;
      }
    }
    this.#isFeeding = false;
    if (!this.#isSlow || this.#memory.length > 0 || this.#spill !== undefined || this.#isReading) return;
    this.#isSlow = false;
    this.onRelief();
  }

  async #readFromDisk(spill: SpillFile): Promise<void> {
    this.#isReading = true;
    try {
      const chunk = await spill.read();
      if (this.destroyed) return;
      this.#isReading = false;
      if (chunk !== undefined) {
        this.#wants = false;
        this.push(chunk);
      } else if (spill.length === 0) {
        spill.close();
        this.#spill = undefined;
      }
      this.#feed();
    } catch (err) {
      this.#drop('what it did not take cannot be kept on disk', err);
    }
  }

  #pushEnd(): void {
    this.#wants = false;
    this.push(null);
    // An empty output that nobody reads has its end as well.
    if (this.readableLength === 0) this.read(0);
  }
}
