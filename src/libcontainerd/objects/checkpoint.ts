import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import {
  type EngineError,
  InternalError,
  InvalidArgumentError,
  isInternal,
  isUnknown,
  NotImplementedError,
  toEngineError,
} from '../../errdefs/index.js';
import { makeFolder } from '../../platform/make-folder.js';
import { packAny } from '../../protocol/any.js';
import { CheckpointOptions as V1Options } from '../../protocol/gen/containerd/options/linux_runc.js';
import { CheckpointOptions as RuncOptions } from '../../protocol/gen/containerd/options/runc.js';
import type { Any } from '../../protocol/gen/google/protobuf/any.js';
import type { CheckpointOptions } from '../types.js';
import type { ObjectContext } from './context.js';
import { asError } from './process.js';
import { RUNTIME_V1_LINUX } from './runtime-options.js';

const CRIU_LOG = 'dump.log';
const CRIU_ERRORS_MAX = 5;

/**
 * Writes the checkpoint straight into the folder (`image_path`), where upstream takes it through containerd's content
 * store, an image and a lease. One call in place of eight, and the files are the same.
 */
export async function checkpointTask(
  context: ObjectContext,
  containerId: string,
  runtime: string,
  dir: string,
  options: CheckpointOptions,
): Promise<void> {
  if (!context.capabilities.checkpoint) {
    throw new NotImplementedError(`checkpoint task ${containerId}: this backend has no checkpoints`, {
      code: 'ERR_CAPABILITY',
    });
  }
  assertWritesToFolder(containerId, runtime);
  assertAbsolute(dir);
  const work = await makeFolders(dir);
  try {
    const request = {
      containerId,
      parentCheckpoint: '',
      options: packOptions(runtime, { exit: options.exit ?? false, image: dir, work }),
    };
    await context.tasks.checkpoint(request, options);
  } catch (err) {
    if (!isUnknown(err) && !isInternal(err)) throw err;
    throw await checkpointError(containerId, asError(err), join(work, CRIU_LOG));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** containerd's `services/tasks/local.go`: for other names the folder is ignored in silence, and the image kept elsewhere. */
const FOLDER_RUNTIMES = /^io\.containerd\.(?:runc\..+|runtime\.v1\.linux)$/;

/** @throws NotImplementedError `ERR_CAPABILITY` for a runtime of which containerd ignores the checkpoint's folder */
export function assertWritesToFolder(containerId: string, runtime: string): void {
  if (FOLDER_RUNTIMES.test(runtime)) return;
  throw new NotImplementedError(
    `checkpoint or restore ${containerId}: containerd has no folders for runtime ${runtime}`,
    {
      code: 'ERR_CAPABILITY',
      fields: { containerId, runtime },
    },
  );
}

/** @throws InvalidArgumentError `ERR_OPTION_INVALID`: a shim works in another folder than this process */
export function assertAbsolute(dir: string): void {
  if (isAbsolute(dir)) return;
  throw new InvalidArgumentError(`use checkpoint folder ${JSON.stringify(dir)}: it is not an absolute path`, {
    code: 'ERR_OPTION_INVALID',
  });
}

/** Makes the checkpoint's folder, and one for CRIU's logs, which it gives back. */
async function makeFolders(dir: string): Promise<string> {
  try {
    makeFolder(dir, 0o700);
    return await mkdtemp(join(tmpdir(), 'libcontainerd-criu-'));
  } catch (err) {
    throw toEngineError(err, `make the checkpoint folder ${dir}`);
  }
}

/** Where CRIU keeps its logs while it restores; removed with the container. */
export function restoreWorkDir(bundleDir: string): string {
  return join(bundleDir, 'criu-work');
}

function packOptions(runtime: string, values: { exit: boolean; image: string; work: string }): Any {
  const { exit, image, work } = values;
  if (runtime === RUNTIME_V1_LINUX) {
    const options = { ...V1Options.create(), exit, imagePath: image, workPath: work };
    return packAny('containerd.linux.runc.CheckpointOptions', V1Options, options);
  }
  return packAny('containerd.runc.v1.CheckpointOptions', RuncOptions, {
    ...RuncOptions.create(),
    exit,
    imagePath: image,
    workPath: work,
  });
}

/** runc says only that CRIU failed and where its log is; the log says why. */
async function checkpointError(containerId: string, cause: EngineError, log: string): Promise<InternalError> {
  let said = '';
  try {
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => /\bError\b/.test(line));
    said = lines.slice(-CRIU_ERRORS_MAX).join('; ');
  } catch {
    // No log: CRIU did not even start, and containerd's text says why.
  }
  const criu = said === '' ? '' : `; criu: ${said}`;
  return new InternalError(`checkpoint task ${containerId}: ${cause.message}${criu}`, {
    code: 'ERR_CHECKPOINT_FAILED',
    cause,
    fields: { containerId },
  });
}
