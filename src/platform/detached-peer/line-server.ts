// In the program that runs detached. It imports nothing but Node's own and the file beside it, for the memory of that one.
import { renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import process from 'node:process';
import { LineSplitter } from './line-splitter.js';

/** Whoever can open the socket can have all done that we may do. */
const SOCKET_UMASK = 0o177;

export interface LineServerOptions {
  readonly socketPath: string;
  readonly encoding: 'latin1' | 'utf8';
  /** In characters. */
  readonly maxLine: number;
  readonly onLine: (line: string, socket: Socket) => void;
  /** What a client gets whose line is too long, before the connection ends. @default nothing */
  readonly lastWords?: string | undefined;
  /** How long nobody is connected before `isIdle` is asked, and asked again, in milliseconds. */
  readonly idleMs: number;
  readonly isIdle: () => boolean | Promise<boolean>;
  /** Called when it is, with nobody connected. */
  readonly onIdle: () => void;
  /** A connection could not be accepted, or `isIdle` has failed: both are no reason to end. */
  readonly onError: (err: unknown) => void;
}

/** Lines on a unix socket that only its user can open. Several may be connected. */
export class LineServer {
  readonly #options: LineServerOptions;
  readonly #server: Server;
  #connections = 0;
  #quiet: NodeJS.Timeout | undefined;
  #inode = 0;

  constructor(options: LineServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @throws the system's error */
  async listen(): Promise<void> {
    const { socketPath, onError } = this.#options;
    // Under another name first: it takes the place of what a dead one left in one step, with nothing missing between.
    const temporary = `${socketPath}.${process.pid}`;
    const umask = process.umask(SOCKET_UMASK);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(temporary, resolve);
      });
    } finally {
      process.umask(umask);
    }
    this.#server.removeAllListeners('error').on('error', onError);
    this.#inode = statSync(temporary).ino;
    renameSync(temporary, socketPath);
    this.#awaitQuiet();
  }

  /** Takes no more connections. Settles when those that there are have ended. */
  async close(): Promise<void> {
    clearTimeout(this.#quiet);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Removes the socket, unless another one has put its own there. */
  removeSocket(): void {
    const { socketPath } = this.#options;
    if (statSync(socketPath, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(socketPath, { force: true });
  }

  #serve(socket: Socket): void {
    const { encoding, maxLine, onLine } = this.#options;
    this.#connections += 1;
    clearTimeout(this.#quiet);
    const lines = new LineSplitter(maxLine);
    socket.setEncoding(encoding);
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) this.#refuse(socket);
      for (const line of complete ?? []) onLine(line, socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections -= 1;
      this.#awaitQuiet();
    });
  }

  #refuse(socket: Socket): void {
    const { lastWords } = this.#options;
    if (lastWords === undefined) {
      socket.destroy();
      return;
    }
    socket.end(lastWords);
    socket.removeAllListeners('data').resume();
  }

  #awaitQuiet(): void {
    if (this.#connections > 0 || !this.#server.listening) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#endIfIdle(), this.#options.idleMs);
  }

  async #endIfIdle(): Promise<void> {
    const { isIdle, onIdle, onError } = this.#options;
    let mayEnd = false;
    try {
      mayEnd = await isIdle();
    } catch (err) {
      onError(err);
    }
    // Somebody may have come meanwhile.
    if (mayEnd && this.#connections === 0) onIdle();
    else this.#awaitQuiet();
  }
}
