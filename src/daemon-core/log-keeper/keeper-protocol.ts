import { ERROR_CLASSES, type ErrorClass } from '../../errdefs/index.js';
import { checkedObject } from '../state/checked-object.js';

/**
 * What is spoken on the log keeper's socket: a request is a line of JSON with an `id`, and gets one line back with the same
 * `id`, in any order: `ok` true, or `ok` false with the class of the error and a text.
 *
 * A keeper outlives upgrades of the engine: what is here only grows.
 */
export type KeeperRequest =
  | { readonly verb: 'ping' }
  | (OpenRequest & { readonly verb: 'open' })
  /** The run is over: answered when all of it is written. Also when there is none. */
  | { readonly verb: 'finish'; readonly id: string }
  /** Of the container nothing is to be written or compressed any more. */
  | { readonly verb: 'forget'; readonly id: string }
  /** An engine that writes by itself has come: let go of everything, and end. */
  | { readonly verb: 'retire' };

/** How a container's log is to be written. */
export interface KeeperLog {
  /** Of the container: `<folder>/<id>-json.log`. */
  readonly folder: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly maxSizeBytes: number | undefined;
  readonly maxFiles: number;
  readonly compress: boolean;
  readonly dropAboveBytes: number | undefined;
}

export interface OpenRequest {
  /** The container's. */
  readonly id: string;
  readonly run: number;
  /** Of the FIFOs; '' where there is none. */
  readonly stdout: string;
  readonly stderr: string;
  readonly log: KeeperLog;
}

export interface KeeperReply {
  readonly id: number;
  readonly ok: boolean;
  /** Of the keeper. */
  readonly pid: number;
  /** Of a failure: what an EngineError has. */
  readonly errorClass: ErrorClass;
  readonly text: string;
}

/** The longest line. */
export const MAX_LINE = 4 * 1024 * 1024;

export function formatRequest(id: number, request: KeeperRequest): string {
  const { verb, ...body } = request;
  return `${JSON.stringify({ id, verb, body })}\n`;
}

/** @throws Error that names what is wrong */
export function parseRequest(line: string): { readonly id: number; readonly request: KeeperRequest } {
  const fields = checkedObject(JSON.parse(line), 'request');
  const verb = fields.oneOf('verb', ['ping', 'open', 'finish', 'forget', 'retire']);
  const body = checkedObject(fields.value('body'), 'body');
  return { id: fields.count('id'), request: requestOf(verb, body) };
}

function requestOf(verb: KeeperRequest['verb'], body: ReturnType<typeof checkedObject>): KeeperRequest {
  if (verb === 'ping' || verb === 'retire') return { verb };
  const id = body.string('id');
  if (verb !== 'open') return { verb, id };
  const log = checkedObject(body.value('log'), 'log');
  return {
    verb,
    id,
    run: body.count('run'),
    stdout: body.string('stdout'),
    stderr: body.string('stderr'),
    log: {
      folder: log.string('folder'),
      attributes: textsOf(log.value('attributes')),
      maxSizeBytes: log.has('maxSizeBytes') ? log.count('maxSizeBytes') : undefined,
      maxFiles: log.count('maxFiles'),
      compress: log.boolean('compress'),
      dropAboveBytes: log.has('dropAboveBytes') ? log.count('dropAboveBytes') : undefined,
    },
  };
}

function textsOf(value: unknown): Record<string, string> {
  const fields = checkedObject(value, 'attributes');
  return Object.fromEntries(Object.keys(Object(value)).map((name) => [name, fields.string(name)]));
}

export function formatReply(reply: KeeperReply): string {
  return `${JSON.stringify(reply)}\n`;
}

/** @throws Error that names what is wrong */
export function parseReply(line: string): KeeperReply {
  const fields = checkedObject(JSON.parse(line), 'reply');
  return {
    id: fields.count('id'),
    ok: fields.boolean('ok'),
    pid: fields.count('pid'),
    errorClass: fields.oneOf('errorClass', ERROR_CLASSES),
    text: fields.string('text'),
  };
}
