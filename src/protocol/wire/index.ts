import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import { FastWriter } from './writer.js';

/** What the generated code exports under a message's name. */
export interface MessageCodec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** What containerd's own clients accept in one message. */
export const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** A buffer that grew past this is given back instead of being kept for the next message. */
const MAX_KEPT_CAPACITY = 1024 * 1024;

let idle: FastWriter | undefined;

/**
 * Encodes with the shared writer. `write` may put several messages into one buffer, e.g. a ttrpc request around its
 * payload; `headroom` leaves that many zero bytes in front, for a frame header.
 */
export function encodeWith(write: (writer: BinaryWriter) => void, headroom = 0): Buffer<ArrayBuffer> {
  const writer = idle ?? new FastWriter();
  idle = undefined;
  try {
    if (headroom > 0) writer.reserve(headroom);
    write(writer.asBinaryWriter());
    return writer.finish();
  } finally {
    writer.reset();
    if (writer.capacity <= MAX_KEPT_CAPACITY) idle = writer;
  }
}

/** The bytes of one message, in a buffer of their own. */
export function encodeMessage<T>(type: MessageCodec<T>, value: T): Buffer<ArrayBuffer> {
  return encodeWith((writer) => {
    type.encode(value, writer);
  });
}

/**
 * Decodes one message. The result shares no memory with `bytes`.
 *
 * Throws a plain `Error` or `RangeError` when there are more than `maxBytes`, when a varint or a length is broken or
 * points past the end, when messages nest over 100 deep, and when the bytes stop being a message half way (generated
 * decoders return early on a zero tag or a stray end-group tag; as the very last bytes these go unnoticed). Callers
 * turn that into the error class their transport promises. Unknown fields are skipped; text that is not UTF-8 is
 * decoded with replacement characters.
 */
export function decodeMessage<T>(type: MessageCodec<T>, bytes: Uint8Array, maxBytes = DEFAULT_MAX_MESSAGE_BYTES): T {
  if (bytes.length > maxBytes) {
    throw new RangeError(`message of ${bytes.length} bytes is over the limit of ${maxBytes}`);
  }
  // Always a new reader: generated code keeps its nesting depth on it.
  const reader = new BinaryReader(bytes);
  const message = type.decode(reader);
  if (reader.pos !== reader.len) throw new Error(`message ends at byte ${reader.pos} of ${reader.len}`);
  return message;
}

export { FastWriter } from './writer.js';
