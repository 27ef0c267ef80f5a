import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { cancellation, InvalidArgumentError, toEngineError } from '../errdefs/index.js';
import { type DaemonConfig, parseDaemonDocument } from './daemon-directives.js';
import { isJsonObject, type JsonObject } from './json-fields.js';
import { jsonErrorAt } from './json-syntax.js';

/** What a daemon.json says. */
export interface DaemonJson extends DaemonConfig {
  /** As it stands in the file, by directive: what is in here was given, be it `false` or 0. */
  readonly given: ReadonlyMap<string, unknown>;
}

const BYTES_MAX = 1024 * 1024;

/**
 * Reads a daemon.json: UTF-8, or UTF-16 with its mark. An empty file says nothing. Checks every directive by itself; whether
 * they can be together is for who uses them.
 * @throws NotFoundError when there is no such file; InvalidArgumentError `ERR_OPTION_INVALID` with the line of what is no
 * JSON, with the unknown directives, or with all problems; CanceledError; by errno
 */
export async function loadDaemonJson(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<DaemonJson> {
  const refuse = (why: string, cause?: unknown): never => {
    const message = `unable to configure the daemon with file ${path}: ${why}`;
    throw new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', cause, fields: { path } });
  };
  const bytes = await read(path, signal, refuse);
  let text: string;
  try {
    text = decode(bytes);
  } catch (err) {
    return refuse('it is neither UTF-8 nor UTF-16 with a byte order mark', err);
  }
  const document = text.trim() === '' ? {} : parseJson(text, refuse);
  try {
    return { ...parseDaemonDocument(document), given: new Map(Object.entries(document)) };
  } catch (err) {
    return refuse(toEngineError(err).message, err);
  }
}

type Refuse = (why: string, cause?: unknown) => never;

async function read(path: string, signal: AbortSignal | undefined, refuse: Refuse): Promise<Buffer> {
  try {
    signal?.throwIfAborted();
    // Without NONBLOCK the open of a FIFO would wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (!info.isFile()) return refuse('it is no file');
      if (info.size > BYTES_MAX) return refuse(`it has ${info.size} bytes, ${BYTES_MAX} are allowed`);
      return await file.readFile({ signal });
    } finally {
      await file.close();
    }
  } catch (err) {
    if (signal?.aborted) throw cancellation(`read ${path}`, signal.reason);
    if (err instanceof InvalidArgumentError) throw err;
    throw toEngineError(err, `read ${path}`);
  }
}

/** Editors of Windows write a byte order mark, or UTF-16. */
function decode(bytes: Buffer): string {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  return new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes);
}

function parseJson(text: string, refuse: Refuse): JsonObject {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (err) {
    const at = jsonErrorAt(text);
    return refuse(at === undefined ? 'invalid JSON' : `invalid JSON at line ${at.line}, column ${at.column}`, err);
  }
  return isJsonObject(document) ? document : refuse('invalid JSON: it is no object');
}
