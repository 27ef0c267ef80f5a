import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Logger } from '../log/logger.js';
import { fifoError, makeFifos } from '../platform/fifo.js';
import { parseLogrusLine } from './logrus-line.js';

const openFd = promisify(open);
const LINE_END = 0x0a;
const MAX_LINE_BYTES = 16 * 1024;

/**
 * Copies what a shim logs into our log. A shim opens the `log` FIFO of its bundle to write, which waits for a reader:
 * the pump has to be open before the shim is started, and a full pipe that nobody empties would stop the shim.
 */
export class LogPump {
  readonly #socket: Socket;
  readonly #log: Logger;
  readonly #ended: Promise<void>;
  #line: Buffer[] = [];
  #length = 0;

  private constructor(fd: number, log: Logger) {
    this.#log = log;
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (err) => log.warn({ err }, 'log of a shim cannot be read'));
    this.#ended = new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
    });
  }

  /**
   * Makes the FIFO if it is not there and reads it until `close`, whether its writers come or go.
   *
   * @param path such as `<bundle>/log`
   * @param log gets each line at its level, what logrus put beside the message under `shim`
   * @throws as `makeFifos`; InternalError `ERR_FIFO` when it cannot be opened
   */
  static async open(path: string, log: Logger): Promise<LogPump> {
    await makeFifos([path]);
    let fd: number;
    try {
      // Also for writing: so it opens at once, and the last writer's end is not the end of the file.
      fd = await openFd(path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (err) {
      throw fifoError('open fifo', err, path);
    }
    return new LogPump(fd, log);
  }

  /** Lets go of the FIFO, which stays where it is. What has been read is logged. Idempotent. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#ended;
    if (this.#length > 0) this.#endLine();
  }

  #take(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      this.#append(chunk.subarray(from, end));
      this.#endLine();
      from = end + 1;
    }
    this.#append(chunk.subarray(from));
  }

  /** What is past the limit of a line is dropped; the shim must not fill our memory. */
  #append(part: Buffer): void {
    const kept = part.subarray(0, Math.max(0, MAX_LINE_BYTES - this.#length));
    if (kept.length > 0) this.#line.push(kept);
    this.#length += part.length;
  }

  #endLine(): void {
    const text = Buffer.concat(this.#line).toString('utf8');
    const cut = this.#length - MAX_LINE_BYTES;
    [this.#line, this.#length] = [[], 0];
    if (text.trim() === '') return;
    const { level, message, fields } = parseLogrusLine(text);
    this.#log[level]({ shim: fields, ...(cut > 0 ? { bytesCut: cut } : {}) }, message);
  }
}
