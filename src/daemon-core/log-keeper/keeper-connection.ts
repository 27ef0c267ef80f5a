import { createConnection, type Socket } from 'node:net';
import { UnavailableError } from '../../errdefs/index.js';
import { LineSplitter } from '../../shim/stdio-keeper/keeper-protocol.js';
import { formatRequest, type KeeperReply, type KeeperRequest, MAX_LINE, parseReply } from './keeper-protocol.js';

interface Waiting {
  readonly resolve: (reply: KeeperReply) => void;
  readonly reject: (err: Error) => void;
}

/** A connection to a living log keeper. It keeps Node running only while a reply is due. */
export class KeeperConnection {
  /** Settles when it has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineSplitter(MAX_LINE);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) socket.destroy();
      for (const line of complete ?? []) this.#take(line);
      if (this.#waiting.size === 0) socket.unref();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values()) reject(lost());
        this.#waiting.clear();
        resolve();
      });
    });
    socket.unref();
  }

  /** `undefined` when nobody listens there. Other errors are the system's. */
  static open(socketPath: string): Promise<KeeperConnection | undefined> {
    const socket = createConnection(socketPath);
    return new Promise((resolve, reject) => {
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

  /** @throws UnavailableError when the connection ends before the reply came */
  ask(request: KeeperRequest): Promise<KeeperReply> {
    if (this.#socket.destroyed) return Promise.reject(lost());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.ref();
      this.#socket.write(formatRequest(id, request));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    try {
      const reply = parseReply(line);
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    } catch {
      // It is no log keeper, or a broken one: whoever waits is told so.
      this.#socket.destroy();
    }
  }
}

function lost(): UnavailableError {
  return new UnavailableError('ask the log keeper: it is gone');
}
