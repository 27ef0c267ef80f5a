import { createConnection, type Socket } from 'node:net';
import { UnavailableError } from '../../errdefs/index.js';
import { encodeWords, LineSplitter } from './keeper-protocol.js';

/** A list of 100 000 FIFOs is shorter. */
const MAX_REPLY = 32 * 1024 * 1024;

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (err: Error) => void;
}

/** A connection to a living keeper. It keeps Node running only while a reply is due. */
export class KeeperConnection {
  /** Settles when it has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineSplitter(MAX_REPLY);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) socket.destroy();
      for (const line of complete ?? []) this.#waiting.shift()?.resolve(line);
      if (this.#waiting.length === 0) socket.unref();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.splice(0)) reject(lost());
        resolve();
      });
    });
    socket.unref();
  }

  /** `undefined` when nobody listens there. Other errors are the system's. */
  static async open(socketPath: string): Promise<KeeperConnection | undefined> {
    const socket = createConnection(socketPath);
    return await new Promise((resolve, reject) => {
      socket.once('error', (err) => {
        const code = 'code' in err ? err.code : undefined;
        if (code === 'ENOENT' || code === 'ECONNREFUSED') resolve(undefined);
        else reject(err);
      });
      socket.once('connect', () => {
        socket.removeAllListeners('error').on('error', () => {});
        resolve(new KeeperConnection(socket));
      });
    });
  }

  /** Sends a request and gives its reply undecoded. @throws UnavailableError when the connection ends before it came */
  ask(words: readonly string[]): Promise<string> {
    if (this.#socket.destroyed) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.ref();
      this.#socket.write(encodeWords(words));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function lost(): UnavailableError {
  return new UnavailableError('ask the stdio keeper: it is gone', { code: 'ERR_STDIO_KEEPER' });
}
