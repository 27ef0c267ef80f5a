import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { encodeWith } from '../wire/index.js';

export const HEADER_BYTES = 10;
/** What the peers in Go accept, and send, in one frame (ttrpc `channel.go`, messageLengthMax). */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
export const MAX_STREAM_ID = 0xffff_ffff;

export const MESSAGE_TYPE = { request: 1, response: 2, data: 3 } as const;

export const FLAG = {
  /** The sender sends nothing more on this stream. */
  remoteClosed: 0x01,
  /** The sender will send data on this stream. */
  remoteOpen: 0x02,
  /** A data frame that carries a flag and no message. */
  noData: 0x04,
} as const;

export interface FrameHeader {
  readonly streamId: number;
  /** One of `MESSAGE_TYPE` when the peer keeps to the protocol; 0 to 255. */
  readonly type: number;
  /** Of `FLAG`, or-ed. */
  readonly flags: number;
}

/** Makes a frame in one buffer; `write` puts the payload in. The stream id may be 0 until `setStreamId`. */
export function encodeFrame(
  { streamId, type, flags }: FrameHeader,
  write: (writer: BinaryWriter) => void,
): Buffer<ArrayBuffer> {
  const frame = encodeWith(write, HEADER_BYTES);
  frame.writeUInt32BE(frame.length - HEADER_BYTES, 0);
  frame.writeUInt32BE(streamId, 4);
  frame[8] = type;
  frame[9] = flags;
  return frame;
}

/** A client knows the id only when it sends: ids must rise on the wire. */
export function setStreamId(frame: Buffer, streamId: number): void {
  frame.writeUInt32BE(streamId, 4);
}
