import process from 'node:process';
import { LineServer } from '../../platform/detached-peer/line-server.js';
import type { HeldFifos } from './held-fifos.js';
import { decodeWords, encodeHeld, encodeWords, PROTOCOL_VERSION } from './keeper-protocol.js';

const MAX_REQUEST = 64 * 1024;

export interface KeeperServerOptions {
  readonly socketPath: string;
  readonly held: HeldFifos;
  readonly fdLimit: number;
  /** Called when it holds nothing and nobody was connected for so long. */
  readonly idleMs: number;
  readonly onIdle: () => void;
}

/** Answers engines on a socket that only its user can open: who can open it can have any FIFO held that we may read. */
export class KeeperServer {
  readonly #options: KeeperServerOptions;
  readonly #server: LineServer;

  constructor(options: KeeperServerOptions) {
    const { socketPath, held, idleMs, onIdle } = options;
    this.#options = options;
    this.#server = new LineServer({
      socketPath,
      encoding: 'latin1',
      maxLine: MAX_REQUEST,
      onLine: (line, socket) => socket.write(this.#answer(line)),
      lastWords: encodeWords(['error', 'E2BIG', `a request has more than ${MAX_REQUEST} characters`]),
      idleMs,
      isIdle: () => {
        // With nobody connected nobody releases what was removed.
        held.releaseUnlinked();
        return held.fdCount === 0;
      },
      onIdle,
      onError: (err) => console.error(err),
    });
  }

  /** @throws the system's error */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  /** Takes no more connections. Settles when those that there are have ended. */
  close(): Promise<void> {
    return this.#server.close();
  }

  /** Removes the socket, unless another keeper has put its own there. */
  removeSocket(): void {
    this.#server.removeSocket();
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
