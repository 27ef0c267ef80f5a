import { type DataLossError, FailedPreconditionError } from '../../errdefs/index.js';
import { parseContainerConfig } from '../../oci/config/parse-container-config.js';
import { parseHostConfig } from '../../oci/config/parse-host-config.js';
import { damagedState, parseStateJson } from '../../platform/state-file.js';
import { checkedObject } from './checked-object.js';
import { parseState } from './parse-state.js';
import type { ContainerRecord, MountPoint, RootfsSource } from './record.js';

const VERSION = 1;

/** A record as it is written: for people to read, too. */
export function formatRecord(record: ContainerRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/**
 * @param path of the file, for messages
 * @throws DataLossError `ERR_STATE_CORRUPT` that names the field; FailedPreconditionError when a later release wrote it
 */
export function parseRecord(path: string, bytes: Uint8Array): ContainerRecord {
  const document = parseStateJson(path, bytes);
  try {
    return recordOf(document, path);
  } catch (err) {
    throw err instanceof FailedPreconditionError ? err : damaged(path, err);
  }
}

function damaged(path: string, err: unknown): DataLossError {
  return damagedState(path, err instanceof Error ? err.message : 'it is no record of a container', err);
}

function recordOf(document: unknown, path: string): ContainerRecord {
  const fields = checkedObject(document, 'record');
  const version = fields.count('version');
  if (version > VERSION) {
    throw new FailedPreconditionError(
      `read ${path}: it has version ${version}, of a later release; this one knows versions up to ${VERSION}`,
      { fields: { path, version } },
    );
  }
  if (version !== VERSION) throw new Error(`record.version is ${version}`);
  return {
    version: VERSION,
    id: fields.string('id'),
    name: fields.string('name'),
    createdAt: fields.string('createdAt'),
    config: parseContainerConfig(fields.value('config')),
    hostConfig: parseHostConfig(fields.value('hostConfig')),
    rootfs: parseRootfs(fields.value('rootfs')),
    mounts: fields.array('mounts', parseMount),
    state: parseState(fields.value('state'), 'record.state'),
    manuallyStopped: fields.boolean('manuallyStopped'),
    startedBefore: fields.boolean('startedBefore'),
    starting: fields.has('starting') ? fields.count('starting') : undefined,
  };
}

function parseRootfs(value: unknown): RootfsSource {
  const fields = checkedObject(value, 'record.rootfs');
  if (fields.oneOf('kind', ['folder', 'overlay']) === 'folder') return { kind: 'folder', path: fields.string('path') };
  const layers = fields.array('layers', (layer, path) => {
    if (typeof layer !== 'string') throw new Error(`${path} is no string`);
    return layer;
  });
  return { kind: 'overlay', layers };
}

function parseMount(value: unknown, path: string): MountPoint {
  const fields = checkedObject(value, path);
  const optional = <T>(key: string, read: (key: string) => T): { [key: string]: T } =>
    fields.has(key) ? { [key]: read(key) } : {};
  return {
    type: fields.oneOf('type', ['bind', 'volume', 'tmpfs']),
    ...optional('name', fields.string),
    ...optional('driver', fields.string),
    ...optional('source', fields.string),
    destination: fields.string('destination'),
    readOnly: fields.boolean('readOnly'),
    propagation: fields.string('propagation'),
    mode: fields.string('mode'),
    ...optional('anonymous', fields.boolean),
    ...optional('createSource', fields.boolean),
    ...optional('nonRecursive', fields.boolean),
    ...optional('readOnlyNonRecursive', fields.boolean),
    ...optional('readOnlyForceRecursive', fields.boolean),
    ...optional('noCopy', fields.boolean),
    ...optional('subpath', fields.string),
  };
}
