import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toEngineError } from '../errdefs/index.js';
import { damagedState, parseStateJson, readStateFile } from '../platform/state-file.js';
import { LOCAL_DRIVER, type Volume } from './volume.js';

/** Where the content is; dockerd's name for it. */
export const DATA_FOLDER = '_data';
export const VOLUME_FILE = 'volume.json';

const VERSION = 1;
const MAX_BYTES = 1024 * 1024;

export function formatVolume({ createdAt, labels, options, anonymous }: Volume): string {
  return `${JSON.stringify({ version: VERSION, createdAt, labels, options, anonymous }, null, 2)}\n`;
}

/**
 * The volume in a folder.
 * @throws DataLossError `ERR_STATE_CORRUPT` when its file is missing or damaged: the content may be as good as ever
 */
export async function readVolume(folder: string, name: string): Promise<Volume> {
  const path = join(folder, VOLUME_FILE);
  const bytes = await readStateFile(path, MAX_BYTES);
  if (bytes === undefined) throw damagedState(path, 'it is missing');
  const document = parseStateJson(path, bytes);
  if (!isObject(document)) throw damagedState(path, 'it is no object');
  const { version, createdAt, labels, options, anonymous } = document;
  if (version !== VERSION) throw damagedState(path, `version ${JSON.stringify(version)} is not known`);
  if (typeof createdAt !== 'string') throw damagedState(path, 'createdAt is no string');
  if (!isStringMap(labels)) throw damagedState(path, 'labels are no map of strings');
  if (!isStringMap(options)) throw damagedState(path, 'options are no map of strings');
  if (typeof anonymous !== 'boolean') throw damagedState(path, 'anonymous is no boolean');
  return { name, driver: LOCAL_DRIVER, mountpoint: join(folder, DATA_FOLDER), createdAt, labels, options, anonymous };
}

/** What is left to say of a volume whose file cannot be read. @throws by errno when it has no content either */
export async function bareVolume(folder: string, name: string): Promise<Volume> {
  const mountpoint = join(folder, DATA_FOLDER);
  try {
    const createdAt = (await stat(mountpoint)).ctime.toISOString();
    return { name, driver: LOCAL_DRIVER, mountpoint, createdAt, labels: {}, options: {}, anonymous: false };
  } catch (err) {
    throw toEngineError(err, `read volume ${name}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}
