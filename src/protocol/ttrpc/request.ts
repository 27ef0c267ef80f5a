import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import { KeyValue } from '../gen/ttrpc/ttrpc.js';
import { encodeFrame, MESSAGE_TYPE } from './frame.js';
import { type Metadata, MetadataBuilder, NAMESPACE_KEY } from './metadata.js';

const NANOS_PER_MS = 1e6;
const MAX_INT64 = 2n ** 63n - 1n;

// `ttrpc.Request`: field number and wire type, as they stand on the wire. The generated codec would need the payload
// as bytes of its own, copied once more on each side.
const TAG = { service: 10, method: 18, payload: 26, timeoutNano: 32, metadata: 42 } as const;

export interface OutgoingRequest {
  readonly service: string;
  readonly method: string;
  /** From now on; `Infinity` sends none. */
  readonly timeoutMs: number;
  /** Empty sends none. */
  readonly namespace: string;
  readonly writePayload: (writer: BinaryWriter) => void;
}

/** The frame of a unary request, without its stream id. Throws what `writePayload` throws. */
export function encodeRequest(request: OutgoingRequest): Buffer<ArrayBuffer> {
  return encodeFrame({ streamId: 0, type: MESSAGE_TYPE.request, flags: 0 }, (writer) => {
    writer.uint32(TAG.service).string(request.service).uint32(TAG.method).string(request.method);
    writer.uint32(TAG.payload).fork();
    request.writePayload(writer);
    writer.join();
    if (request.timeoutMs !== Number.POSITIVE_INFINITY) {
      writer.uint32(TAG.timeoutNano).int64(toNanos(request.timeoutMs));
    }
    if (request.namespace !== '') {
      KeyValue.encode({ key: NAMESPACE_KEY, value: request.namespace }, writer.uint32(TAG.metadata).fork()).join();
    }
  });
}

export interface IncomingRequest {
  readonly service: string;
  readonly method: string;
  /** A view of the bytes that were decoded. */
  readonly payload: Uint8Array;
  /** From the moment of sending; `Infinity` when the client set none; 0 or less when it was over already. */
  readonly timeoutMs: number;
  readonly metadata: Metadata;
}

/** Throws a plain error when the bytes are not a request. */
export function decodeRequest(bytes: Uint8Array): IncomingRequest {
  const reader = new BinaryReader(bytes);
  let service = '';
  let method = '';
  let payload: Uint8Array = new Uint8Array();
  let timeoutNano = 0n;
  const metadata = new MetadataBuilder();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === TAG.service) service = reader.string();
    else if (tag === TAG.method) method = reader.string();
    else if (tag === TAG.payload) payload = reader.bytes();
    else if (tag === TAG.timeoutNano) timeoutNano = BigInt(reader.int64());
    else if (tag === TAG.metadata) {
      const { key, value } = KeyValue.decode(reader.bytes());
      metadata.add(key, value);
    } else skipField(reader, tag);
  }
  return {
    service,
    method,
    payload,
    timeoutMs: timeoutNano === 0n ? Number.POSITIVE_INFINITY : Number(timeoutNano) / NANOS_PER_MS,
    metadata: metadata.result,
  };
}

/** Passes over a field that a newer peer may send. Throws when no field can begin like this. */
export function skipField(reader: BinaryReader, tag: number): void {
  const fieldNo = tag >>> 3;
  if (fieldNo === 0) throw new Error(`no field begins with ${tag}`);
  reader.skip(tag & 7, fieldNo);
}

/** At least one: 0 would mean no deadline to the server. */
function toNanos(timeoutMs: number): bigint {
  const nanos = BigInt(Math.max(1, Math.round(timeoutMs * NANOS_PER_MS)));
  return nanos > MAX_INT64 ? MAX_INT64 : nanos;
}
