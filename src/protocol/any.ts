import type { Any } from './gen/google/protobuf/any.js';
import { stringifyForGo } from './go-json.js';
import { decodeMessage, encodeMessage, type MessageCodec } from './wire/index.js';

const JSON_PREFIX = 'types.containerd.io/opencontainers/runtime-spec/1/';

/** The OCI documents that travel as JSON text inside an Any. */
export const JSON_TYPE_URLS = {
  Spec: `${JSON_PREFIX}Spec`,
  Process: `${JSON_PREFIX}Process`,
  LinuxResources: `${JSON_PREFIX}LinuxResources`,
  WindowsResources: `${JSON_PREFIX}WindowsResources`,
  Features: `${JSON_PREFIX}features/Features`,
} as const;

export type JsonKind = keyof typeof JSON_TYPE_URLS;

/** The full name of what is inside: peers write it bare or after a prefix such as `type.googleapis.com/`. */
export function typeNameOf(any: Pick<Any, 'typeUrl'>): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
}

/** Wraps a message under its bare full name (`containerd.events.TaskExit`), the form every containerd reads. */
export function packAny<T>(typeName: string, type: MessageCodec<T>, value: T): Any {
  return { typeUrl: typeName, value: encodeMessage(type, value) };
}

/** The message inside, or undefined when the Any holds another type. Throws like `decodeMessage`. */
export function unpackAny<T>(any: Any, typeName: string, type: MessageCodec<T>): T | undefined {
  return typeNameOf(any) === typeName ? decodeMessage(type, any.value) : undefined;
}

/** Wraps an OCI document. Give a Buffer of JSON text where numbers over 2^53 must stay exact. */
export function packJson(kind: JsonKind, value: object): Any {
  const text = Buffer.isBuffer(value) ? value : Buffer.from(stringifyForGo(value), 'utf8');
  return { typeUrl: JSON_TYPE_URLS[kind], value: text };
}

/** The OCI document inside, or undefined when the Any holds something else. Throws a SyntaxError on broken JSON. */
export function unpackJson(any: Any, kind: JsonKind): unknown {
  return any.typeUrl === JSON_TYPE_URLS[kind] ? JSON.parse(any.value.toString('utf8')) : undefined;
}
