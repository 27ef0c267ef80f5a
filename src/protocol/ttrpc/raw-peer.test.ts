// No tests of its own: what the tests of this folder share. The name keeps it out of the build.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../errdefs/index.js';
import { Response } from '../gen/ttrpc/ttrpc.js';
import { encodeMessage } from '../wire/index.js';
import { encodeFrame, type FrameHeader, MESSAGE_TYPE } from './frame.js';
import { type Frame, FrameDecoder } from './frame-decoder.js';

const scale = Math.min(1, Math.max(0, Number(process.env.SCALE ?? 1)));

/** What slow tests do often. */
export function times(count: number): number {
  return Math.max(1, Math.round(count * scale));
}

/** A folder for the sockets of one test. */
export class Place implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'lcd-ttrpc-'));
  readonly socket = join(this.dir, 'shim.sock');

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One end of a connection that says and hears frames, and bytes that are none. */
export class RawPeer {
  readonly socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #frames: Frame[] = [];
  readonly #waiting: ((frame: Frame) => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#decoder.push(chunk)) {
        const next = this.#waiting.shift();
        if (next === undefined) this.#frames.push(frame);
        else next(frame);
      }
    });
  }

  static async connect(path: string): Promise<RawPeer> {
    const socket = connect({ path });
    await once(socket, 'connect');
    return new RawPeer(socket);
  }

  next(): Promise<Frame> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async nextResponse(): Promise<{ readonly streamId: number; readonly response: Response }> {
    const { streamId, payload } = await this.next();
    return { streamId, response: Response.decode(payload ?? Buffer.alloc(0)) };
  }

  send(header: Partial<FrameHeader>, payload: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(rawFrame(header, payload));
  }

  respond(streamId: number, response: Partial<Response>): void {
    this.send({ streamId }, encodeMessage(Response, { status: undefined, payload: Buffer.alloc(0), ...response }));
  }

  /** When the other side, or the kernel, has ended the connection. */
  async ended(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }
}

/** A server that leaves everything to the test. */
export class RawServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #peers: RawPeer[] = [];
  readonly #waiting: ((peer: RawPeer) => void)[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      const peer = new RawPeer(socket);
      this.#peers.push(peer);
      this.#waiting.shift()?.(peer);
    });
  }

  static async listen(path: string): Promise<RawServer> {
    const raw = new RawServer();
    raw.#server.listen(path);
    await once(raw.#server, 'listening');
    return raw;
  }

  peer(): Promise<RawPeer> {
    const [peer] = this.#peers;
    return peer === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#peers) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function rawFrame(header: Partial<FrameHeader>, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return encodeFrame({ streamId: 1, type: MESSAGE_TYPE.response, flags: 0, ...header }, (writer) => {
    writer.raw(payload);
  });
}

/** Only the header, which says that `length` bytes follow. */
export function rawHeader(
  length: number,
  { streamId = 1, type = MESSAGE_TYPE.response }: Partial<FrameHeader>,
): Buffer {
  const header = rawFrame({ streamId, type });
  header.writeUInt32BE(length, 0);
  return header;
}

/** For `assert.rejects`: of this class and, when given, of this code. */
export const isA =
  (errorClass: new (...args: never[]) => EngineError, code?: string) =>
  (err: unknown): boolean => {
    assert.ok(err instanceof errorClass, String(err));
    if (code !== undefined) assert.ok(err instanceof EngineError && err.code === code, `${String(err)} is ${code}`);
    return true;
  };
