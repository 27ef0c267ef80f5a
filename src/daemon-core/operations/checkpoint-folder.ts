import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { InvalidArgumentError, NotFoundError } from '../../errdefs/index.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Where a container's checkpoints are. @throws InvalidArgumentError for a folder that is not absolute */
export function checkpointsFolder(engine: EngineContext, c: ManagedContainer, dir: string | undefined): string {
  if (dir === undefined || dir === '') return join(engine.store.folder(c.id), 'checkpoints');
  if (!isAbsolute(dir)) {
    throw new InvalidArgumentError(`checkpoint directory ${JSON.stringify(dir)} is not an absolute path`, {
      code: 'ERR_OPTION_INVALID',
    });
  }
  return dir;
}

/** @throws InvalidArgumentError for a name that is none */
export function checkpointPath(
  engine: EngineContext,
  c: ManagedContainer,
  name: string,
  dir: string | undefined,
): string {
  if (!NAME.test(name)) {
    throw new InvalidArgumentError(`Invalid checkpoint ID (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, {
      code: 'ERR_ID_INVALID',
    });
  }
  return join(checkpointsFolder(engine, c, dir), name);
}

/** Of a checkpoint that is there. @throws NotFoundError */
export async function checkpointFolder(
  engine: EngineContext,
  c: ManagedContainer,
  name: string,
  dir: string | undefined,
): Promise<string> {
  const path = checkpointPath(engine, c, name, dir);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return path;
  throw new NotFoundError(`checkpoint ${name} does not exist for container ${c.record.name}`, {
    fields: { containerId: c.id, path },
  });
}
