import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import type { RpcStatus } from '../../errdefs/index.js';
import { Status } from '../gen/google/rpc/status.js';
import { encodeFrame, MESSAGE_TYPE } from './frame.js';
import { skipField } from './request.js';

// `ttrpc.Response`, by hand for the reason that request.ts names.
const TAG = { status: 10, payload: 18 } as const;

/** The frame of a good answer. Throws what `writePayload` throws. */
export function encodeResponse(streamId: number, writePayload: (writer: BinaryWriter) => void): Buffer<ArrayBuffer> {
  return encodeFrame({ streamId, type: MESSAGE_TYPE.response, flags: 0 }, (writer) => {
    writer.uint32(TAG.payload).fork();
    writePayload(writer);
    writer.join();
  });
}

/** The frame of an answer that says why there is none. */
export function encodeStatus(streamId: number, { code, message }: RpcStatus): Buffer<ArrayBuffer> {
  return encodeFrame({ streamId, type: MESSAGE_TYPE.response, flags: 0 }, (writer) => {
    Status.encode({ code, message, details: [] }, writer.uint32(TAG.status).fork()).join();
  });
}

export interface IncomingResponse {
  /** Undefined when the call went well. */
  readonly failure: RpcStatus | undefined;
  /** A view of the bytes that were decoded. */
  readonly payload: Uint8Array;
}

/** Throws a plain error when the bytes are not a response. */
export function decodeResponse(bytes: Uint8Array): IncomingResponse {
  const reader = new BinaryReader(bytes);
  let failure: RpcStatus | undefined;
  let payload: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === TAG.status) {
      const { code, message } = Status.decode(reader.bytes());
      failure = code === 0 ? undefined : { code, message };
    } else if (tag === TAG.payload) payload = reader.bytes();
    else skipField(reader, tag);
  }
  return { failure, payload };
}
