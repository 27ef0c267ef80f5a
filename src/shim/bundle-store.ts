import { randomBytes } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlreadyExistsError, InvalidArgumentError, PermissionDeniedError, toEngineError } from '../errdefs/index.js';
import { defaultLogger, type Logger } from '../log/logger.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import { makeFolder } from '../platform/make-folder.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { Bundle } from './bundle.js';
import { SHIM_BINARY } from './bundle-files.js';
import { buildFolder, configOf, emptyRootfs, errnoOf, removeEmpty, removeRemnant } from './bundle-folder.js';

export interface NewBundle {
  readonly namespace: string;
  readonly id: string;
  /** JSON text is written as it is. */
  readonly spec: OciSpec | Buffer;
  /** Is noted from the first moment on: what a shim makes is taken away by its program. */
  readonly shimBinary?: string | undefined;
}

const NAMESPACE_MODE = 0o711;
/** Readers of the folder skip hidden names; so does containerd. */
const HIDDEN = '.';

/**
 * The bundles of one state folder: `<folder>/<namespace>/<id>` (containerd `core/runtime/v2/bundle.go`). One that is
 * half made or half removed has a hidden name, so a bundle that can be seen is whole. One process uses a folder at a
 * time.
 */
export class BundleStore {
  readonly #folder: string;
  readonly #log: Logger;
  /** Hidden paths that this process works on: a sweep leaves them alone. */
  readonly #inWork = new Set<string>();

  constructor(folder: string, options: { readonly log?: Logger | undefined } = {}) {
    this.#folder = folder;
    this.#log = options.log ?? defaultLogger();
  }

  /**
   * The bundle of this name, whether it is there or not.
   * @throws InvalidArgumentError `ERR_ID_INVALID` or `ERR_NAMESPACE_INVALID` when it cannot be a folder's name
   */
  at(namespace: string, id: string): Bundle {
    if (!isName(namespace)) throw invalidName('namespace', namespace, 'ERR_NAMESPACE_INVALID');
    if (!isName(id)) throw invalidName('container id', id, 'ERR_ID_INVALID');
    return { namespace, id, path: join(this.#folder, namespace, id) };
  }

  /**
   * Makes `config.json`, `rootfs/` and `work/`. All of it or nothing is there afterwards.
   * @throws AlreadyExistsError; InvalidArgumentError `ERR_SPEC_INVALID` or as `at`; PermissionDeniedError
   * `ERR_STATE_DIR` when the folder cannot be written; by errno
   */
  async create(request: NewBundle): Promise<Bundle> {
    const bundle = this.at(request.namespace, request.id);
    const config = configOf(request.spec);
    const building = hiddenName(bundle, 'new');
    this.#inWork.add(building);
    try {
      makeFolder(dirname(bundle.path), NAMESPACE_MODE);
      await buildFolder(
        building,
        config,
        request.shimBinary === undefined ? {} : { [SHIM_BINARY]: request.shimBinary },
      );
      // Succeeds over an empty folder, which is the remnant of something else; fails over a bundle.
      await rename(building, bundle.path);
      return bundle;
    } catch (err) {
      await rm(building, { recursive: true, force: true }).catch((cleanup: unknown) => {
        this.#log.warn({ err: cleanup, containerId: bundle.id }, 'half made bundle left for the next sweep');
      });
      throw creationError(err, bundle);
    } finally {
      this.#inWork.delete(building);
    }
  }

  /**
   * Unmounts what is mounted in the bundle and removes it. Files in `rootfs` that are in no mount are somebody's data:
   * then nothing is removed. Idempotent.
   *
   * @param call for the unmounting; `timeoutMs` @default 10000
   * @throws FailedPreconditionError `ERR_ROOTFS_BUSY` when it cannot be unmounted, or files lie in `rootfs`;
   * DeadlineExceededError; CanceledError; by errno
   */
  async remove(bundle: Bundle, call: RpcCallOptions = {}): Promise<void> {
    const removing = hiddenName(bundle, bundle.id);
    this.#inWork.add(removing);
    try {
      await emptyRootfs(bundle.path, call);
      await rename(bundle.path, removing);
      await rm(removing, { recursive: true, force: true });
    } catch (err) {
      if (errnoOf(err) !== 'ENOENT') throw toEngineError(err, `remove bundle ${bundle.path}`);
    } finally {
      this.#inWork.delete(removing);
    }
  }

  /** All bundles, or those of one namespace, in no order. None when nothing was made yet. @throws by errno */
  async list(namespace?: string): Promise<Bundle[]> {
    const bundles: Bundle[] = [];
    for (const each of namespace === undefined ? await foldersIn(this.#folder) : [namespace]) {
      if (!isName(each)) continue;
      for (const id of await foldersIn(join(this.#folder, each))) {
        if (isName(id)) bundles.push(this.at(each, id));
      }
    }
    return bundles;
  }

  /**
   * Finishes what a killed engine left half done: bundles with hidden names and empty ones are removed. One that cannot
   * be is logged and left.
   *
   * @param call `timeoutMs` for each bundle @default 10000
   * @throws CanceledError; by errno when the folders cannot be listed
   */
  async sweep(call: RpcCallOptions = {}): Promise<void> {
    for (const namespace of await foldersIn(this.#folder)) {
      if (!isName(namespace)) continue;
      for (const name of await foldersIn(join(this.#folder, namespace))) {
        const path = join(this.#folder, namespace, name);
        if (this.#inWork.has(path)) continue;
        try {
          await (name.startsWith(HIDDEN) ? removeRemnant(path, call) : removeEmpty(path));
        } catch (err) {
          if (call.signal?.aborted) throw err;
          this.#log.warn({ err, namespace, path }, 'remnant of a bundle cannot be removed');
        }
      }
    }
  }
}

/** Unique: the remnant of an earlier removal may have the name still. */
function hiddenName(bundle: Bundle, what: string): string {
  return join(dirname(bundle.path), `${HIDDEN}${what}-${randomBytes(6).toString('hex')}`);
}

function isName(name: string): boolean {
  return name !== '' && !name.startsWith(HIDDEN) && !/[/\0]/.test(name);
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (err) {
    if (errnoOf(err) === 'ENOENT') return [];
    throw toEngineError(err, `list the bundles in ${path}`);
  }
}

function creationError(err: unknown, bundle: Bundle): Error {
  const errno = errnoOf(err);
  const fields = { containerId: bundle.id, namespace: bundle.namespace, path: bundle.path };
  if (errno === 'ENOTEMPTY' || errno === 'EEXIST' || errno === 'ENOTDIR') {
    return new AlreadyExistsError(`create bundle ${bundle.path}: it is there already`, { cause: err, fields });
  }
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') {
    return new PermissionDeniedError(`create bundle ${bundle.path}`, { code: 'ERR_STATE_DIR', cause: err, fields });
  }
  return toEngineError(err, `create bundle ${bundle.path}`);
}

function invalidName(kind: string, name: string, code: 'ERR_ID_INVALID' | 'ERR_NAMESPACE_INVALID'): Error {
  return new InvalidArgumentError(`name a bundle: ${JSON.stringify(name.slice(0, 100))} is no ${kind}`, { code });
}
