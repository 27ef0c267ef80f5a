import { renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import process from 'node:process';
import type { HeldFifos } from './held-fifos.js';
import { decodeWords, encodeHeld, encodeWords, LineSplitter, PROTOCOL_VERSION } from './keeper-protocol.js';

const MAX_REQUEST = 64 * 1024;

export interface KeeperServerOptions {
  readonly socketPath: string;
  readonly held: HeldFifos;
  readonly fdLimit: number;
  /** Called when it holds nothing and nobody was connected for so long. */
  readonly idleMs: number;
  readonly onIdle: () => void;
}

/** Answers on a socket with the rights that the umask leaves. Several may be connected. */
export class KeeperServer {
  readonly #options: KeeperServerOptions;
  readonly #server: Server;
  #connections = 0;
  #quiet: NodeJS.Timeout | undefined;
  #inode = 0;

  constructor(options: KeeperServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<void> {
    const { socketPath } = this.#options;
    // Under another name first: it takes the place of what a dead keeper left in one step, with nothing missing between.
    const temporary = `${socketPath}.${process.pid}`;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(temporary, resolve);
    });
    // A connection that could not be accepted is no reason to end.
    this.#server.removeAllListeners('error').on('error', (err) => console.error(err));
    this.#inode = statSync(temporary).ino;
    renameSync(temporary, socketPath);
    this.#awaitQuiet();
  }

  /** Takes no more connections. Settles when those that there are have ended. */
  async close(): Promise<void> {
    clearTimeout(this.#quiet);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Removes the socket, unless another keeper has put its own there. */
  removeSocket(): void {
    const { socketPath } = this.#options;
    if (statSync(socketPath, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(socketPath, { force: true });
  }

  #serve(socket: Socket): void {
    this.#connections += 1;
    clearTimeout(this.#quiet);
    const lines = new LineSplitter(MAX_REQUEST);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) {
        socket.end(encodeWords(['error', 'E2BIG', `a request has more than ${MAX_REQUEST} characters`]));
        socket.removeAllListeners('data').resume();
        return;
      }
      for (const line of complete) socket.write(this.#answer(line));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections -= 1;
      this.#awaitQuiet();
    });
  }

  #awaitQuiet(): void {
    if (this.#connections > 0 || !this.#server.listening) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      const { held, onIdle } = this.#options;
      // With nobody connected nobody releases what was removed.
      held.releaseUnlinked();
      if (held.fdCount === 0) onIdle();
      else this.#awaitQuiet();
    }, this.#options.idleMs);
  }

  #answer(line: string): string {
    try {
      return this.#perform(decodeWords(line));
    } catch (err) {
      const code = err instanceof Error && 'code' in err ? String(err.code) : 'EPROTO';
      const path = err instanceof Error && 'path' in err ? String(err.path) : '';
      return encodeWords(['error', code, err instanceof Error ? err.message : String(err), path]);
    }
  }

  #perform([verb, key, ...paths]: string[]): string {
    const { held, fdLimit } = this.#options;
    if (verb === 'ping') {
      return encodeWords(['ok', PROTOCOL_VERSION, String(process.pid), String(held.fdCount), String(fdLimit)]);
    }
    if (verb === 'list') return encodeHeld(held.entries);
    if (verb === 'hold' && key !== undefined && paths.length > 0) held.hold(key, paths);
    else if (verb === 'release' && key !== undefined) held.release(key);
    else
      throw new Error(`what is ${JSON.stringify(verb ?? '')} with ${key === undefined ? 0 : paths.length + 1} words`);
    return encodeWords(['ok']);
  }
}
