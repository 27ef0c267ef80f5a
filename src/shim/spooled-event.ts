import { DataLossError } from '../errdefs/index.js';
import type { Envelope } from '../protocol/gen/containerd/types/types.js';
import { Any } from '../protocol/gen/google/protobuf/any.js';
import { decodeMessage } from '../protocol/wire/index.js';

const LINE_END = 0x0a;

/**
 * Reads a file of the spool: two lines, topic and namespace, then the bytes of an Any.
 * @param writtenAt stands for the time of the event, which the program was not told
 * @throws DataLossError `ERR_WIRE_DECODE`
 */
export function parseSpooledEvent(bytes: Buffer, writtenAt: Date): Envelope {
  const topicEnd = bytes.indexOf(LINE_END);
  const namespaceEnd = topicEnd < 0 ? -1 : bytes.indexOf(LINE_END, topicEnd + 1);
  if (namespaceEnd < 0) throw undecodable('it has no head');
  const topic = bytes.toString('utf8', 0, topicEnd);
  const namespace = bytes.toString('utf8', topicEnd + 1, namespaceEnd);
  if (topic === '' || namespace === '') throw undecodable('topic or namespace is missing');
  let event: Any;
  try {
    event = decodeMessage(Any, bytes.subarray(namespaceEnd + 1));
  } catch (cause) {
    throw undecodable('its event is no message', cause);
  }
  if (event.typeUrl === '') throw undecodable('its event is of no type');
  return { timestamp: writtenAt, namespace, topic, event };
}

function undecodable(problem: string, cause?: unknown): DataLossError {
  return new DataLossError(`read spooled event: ${problem}`, { code: 'ERR_WIRE_DECODE', cause });
}
