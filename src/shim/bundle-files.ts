import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataLossError, toEngineError } from '../errdefs/index.js';
import type { Bundle } from './bundle.js';
import { replaceFile } from './replace-file.js';

/** How to reach a shim. */
export interface Bootstrap {
  /** Of the task API: 2 or 3. */
  readonly version: number;
  readonly address: string;
  readonly protocol: 'ttrpc' | 'grpc';
}

/** What we note of a shim beside containerd's files. */
export interface ShimRecord {
  readonly api: 'v1' | 'v2';
  /** Absent when the shim does not tell it. */
  readonly pid?: number | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Name of the file that holds the path of the shim's program. */
export const SHIM_BINARY = 'shim-binary-path';

const MAX_BYTES = 64 * 1024;
const ADDRESS_FILE_VERSION = 2;

/**
 * How to reach the bundle's shim: `bootstrap.json`, else the `address` file of shims up to containerd 1.7, which stands
 * for version 2 and ttrpc. `undefined` when neither is there.
 * @throws DataLossError when the file is damaged; by errno when it cannot be read
 */
export async function readBootstrap(bundle: Bundle): Promise<Bootstrap | undefined> {
  const path = join(bundle.path, 'bootstrap.json');
  const text = await readText(path);
  if (text !== undefined) {
    const { version, address, protocol } = parseObject(path, text);
    if (!isCount(version) || version === 0) throw damaged(path, 'version is no number');
    if (typeof address !== 'string' || address === '') throw damaged(path, 'address is missing');
    if (protocol !== 'ttrpc' && protocol !== 'grpc') throw damaged(path, 'protocol is unknown');
    return { version, address, protocol };
  }
  const address = (await readText(join(bundle.path, 'address')))?.trim();
  // The shim makes it before it fills it.
  if (address === undefined || address === '') return undefined;
  return { version: ADDRESS_FILE_VERSION, address, protocol: 'ttrpc' };
}

/** @throws by errno */
export function writeBootstrap(bundle: Bundle, { version, address, protocol }: Bootstrap): Promise<void> {
  return replaceFile(join(bundle.path, 'bootstrap.json'), JSON.stringify({ version, address, protocol }), 0o644);
}

/** The absolute path of the shim's program; `undefined` when none was noted. @throws as `readBootstrap` */
export async function readShimBinary(bundle: Bundle): Promise<string | undefined> {
  const path = join(bundle.path, SHIM_BINARY);
  const text = (await readText(path))?.trim();
  if (text !== undefined && !text.startsWith('/')) throw damaged(path, 'it is no absolute path');
  return text;
}

/** @throws by errno */
export function writeShimBinary(bundle: Bundle, path: string): Promise<void> {
  return replaceFile(join(bundle.path, SHIM_BINARY), path);
}

/** `undefined` when none was written. @throws as `readBootstrap` */
export async function readShimRecord(bundle: Bundle): Promise<ShimRecord | undefined> {
  const path = join(bundle.path, 'shim.json');
  const text = await readText(path);
  if (text === undefined) return undefined;
  const { api, pid } = parseObject(path, text);
  if (api !== 'v1' && api !== 'v2') throw damaged(path, 'api is unknown');
  if (pid === undefined) return { api };
  if (!isCount(pid) || pid === 0) throw damaged(path, 'pid is no number');
  return { api, pid };
}

/** @throws by errno */
export function writeShimRecord(bundle: Bundle, { api, pid }: ShimRecord): Promise<void> {
  return replaceFile(join(bundle.path, 'shim.json'), JSON.stringify({ api, pid }));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    // Before it is read: a FIFO would hold a thread for ever.
    const stats = await stat(path);
    if (!stats.isFile()) throw damaged(path, 'it is no file');
    if (stats.size > MAX_BYTES) throw damaged(path, `it is longer than ${MAX_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined;
    throw err instanceof DataLossError ? err : toEngineError(err, `read ${path}`);
  }
}

function parseObject(path: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, 'it is no JSON', cause);
  }
  if (!isObject(value)) throw damaged(path, 'it is no object');
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function damaged(path: string, problem: string, cause?: unknown): DataLossError {
  return new DataLossError(`read ${path}: ${problem}`, { cause, fields: { path } });
}
