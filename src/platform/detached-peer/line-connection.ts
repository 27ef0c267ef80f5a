import { createConnection, type Socket } from 'node:net';
import { type CodeOf, UnavailableError } from '../../errdefs/index.js';
import { LineSplitter } from './line-splitter.js';

/** What is spoken: each request is a line, and gets one line back. */
export interface LineProtocol<Request, Reply> {
  /** Who is spoken with, for messages: `the stdio keeper`. */
  readonly who: string;
  /** Of the errors that say that it is not there. @default `ERR_UNAVAILABLE` */
  readonly code?: CodeOf<'unavailable'> | undefined;
  readonly encoding: 'latin1' | 'utf8';
  /** Of a reply, in characters. */
  readonly maxLine: number;
  /** With its line feed. @param id of the request on this connection, from 1 */
  format(request: Request, id: number): string;
  /** The reply, with the id of its request where replies come in any order. Throws for what is no reply. */
  parse(line: string): { readonly reply: Reply; readonly id?: number };
}

interface Waiting<Reply> {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (err: Error) => void;
}

/** A connection to a living peer. It keeps Node running only while a reply is due. */
export class LineConnection<Request, Reply> {
  /** Settles when it has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #protocol: LineProtocol<Request, Reply>;
  /** By id; the oldest comes first. */
  readonly #waiting = new Map<number, Waiting<Reply>>();
  #lastId = 0;

  private constructor(socket: Socket, protocol: LineProtocol<Request, Reply>) {
    this.#socket = socket;
    this.#protocol = protocol;
    const lines = new LineSplitter(protocol.maxLine);
    socket.setEncoding(protocol.encoding);
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) socket.destroy();
      for (const line of complete ?? []) this.#take(line);
      if (this.#waiting.size === 0) socket.unref();
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#waiting.values()) reject(this.#lost());
        this.#waiting.clear();
        resolve();
      });
    });
    socket.unref();
  }

  /** `undefined` when nobody listens there. Other errors are the system's. */
  static open<Request, Reply>(
    socketPath: string,
    protocol: LineProtocol<Request, Reply>,
  ): Promise<LineConnection<Request, Reply> | undefined> {
    const socket = createConnection(socketPath);
    return new Promise((resolve, reject) => {
      socket.once('error', (err) => {
        const code = 'code' in err ? err.code : undefined;
        if (code === 'ENOENT' || code === 'ECONNREFUSED') resolve(undefined);
        else reject(err);
      });
      socket.once('connect', () => {
        socket.removeAllListeners('error').on('error', () => {});
        resolve(new LineConnection(socket, protocol));
      });
    });
  }

  /** @throws UnavailableError when the connection ends before the reply came */
  ask(request: Request): Promise<Reply> {
    if (this.#socket.destroyed) return Promise.reject(this.#lost());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.ref();
      this.#socket.write(this.#protocol.format(request, id));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    try {
      const [oldest] = this.#waiting.keys();
      const { reply, id = oldest } = this.#protocol.parse(line);
      if (id === undefined) return;
      this.#waiting.get(id)?.resolve(reply);
      this.#waiting.delete(id);
    } catch {
      // It is somebody else, or a broken one: whoever waits is told so.
      this.#socket.destroy();
    }
  }

  #lost(): UnavailableError {
    const { who, code } = this.#protocol;
    return new UnavailableError(`ask ${who}: it is gone`, { code });
  }
}
