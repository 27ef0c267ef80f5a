import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { DeadlineExceededError, UnavailableError } from '../../../errdefs/index.js';

/**
 * Asks once whether the containerd at this socket serves. Resolves when it does, rejects otherwise.
 * It must end within the timeout and leave nothing open.
 */
export type Probe = (address: string, timeoutMs: number) => Promise<void>;

/** An empty HealthCheckRequest: not compressed, length 0. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const ANSWER_MAX_BYTES = 64;
const FIELD_STATUS = 0x08;
const SERVING = 1;

/**
 * The default probe: `grpc.health.v1.Health/Check` over Node's own HTTP/2. A frozen containerd does not pass it, while
 * connecting alone would succeed: the kernel accepts in its place.
 */
export const probeHealth: Probe = (address, timeoutMs) =>
  new Promise((resolve, reject) => {
    const session = connectHttp2('http://localhost', { createConnection: () => connectSocket({ path: address }) });
    const end = (err?: Error) => {
      clearTimeout(timer);
      session.destroy();
      if (err === undefined) resolve();
      else reject(err);
    };
    const fail = (what: string, cause?: unknown) => {
      end(new UnavailableError(`check containerd at ${address}: ${what}`, { cause, fields: { path: address } }));
    };
    const timer = setTimeout(() => {
      end(new DeadlineExceededError(`check containerd at ${address}: no answer in ${timeoutMs} ms`));
    }, timeoutMs);
    session.on('error', (err) => fail('connection failed', err));
    session.on('close', () => fail('connection closed'));

    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let answer = Buffer.alloc(0);
    let status: unknown;
    stream.on('response', (headers) => {
      status = headers['grpc-status'];
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('data', (chunk: Buffer) => {
      if (answer.length < ANSWER_MAX_BYTES) answer = Buffer.concat([answer, chunk]);
    });
    stream.on('error', (err) => fail('call failed', err));
    stream.on('end', () => {
      if (status !== '0') fail(`gRPC status ${String(status)}`);
      else if (!isServing(answer)) fail('it is not serving');
      else end();
    });
    stream.end(EMPTY_MESSAGE);
  });

/** A HealthCheckResponse with `status = SERVING`, its one known field. */
function isServing(message: Buffer): boolean {
  return message[EMPTY_MESSAGE.length] === FIELD_STATUS && message[EMPTY_MESSAGE.length + 1] === SERVING;
}

/** Calls the probe and gives up at the timeout, whatever the probe does. */
export async function boundedProbe(probe: Probe, address: string, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    // A little later than the probe's own limit, whose error says more.
    timer = setTimeout(
      () => reject(new DeadlineExceededError(`check containerd at ${address}: no end`)),
      timeoutMs + 250,
    );
  });
  try {
    await Promise.race([probe(address, timeoutMs), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether anything accepts connections at the socket, be it healthy or not. */
export function isListening(address: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ path: address });
    const end = (listening: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(listening);
    };
    // A connection that hangs has a listener whose queue is full.
    const timer = setTimeout(() => end(true), timeoutMs);
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}
