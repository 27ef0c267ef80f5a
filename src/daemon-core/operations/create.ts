import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { ConflictError, InvalidArgumentError, NotFoundError } from '../../errdefs/index.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import { warningsOf } from '../../oci/build/warnings.js';
import { checkContainer } from '../../oci/config/check-container.js';
import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { HostConfig } from '../../oci/config/host-config.js';
import { parseContainerConfig } from '../../oci/config/parse-container-config.js';
import { parseHostConfig } from '../../oci/config/parse-host-config.js';
import { manage } from '../container/manage.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { resolveMounts } from '../mounts/resolve-mounts.js';
import { NEW_STATE } from '../state/container-state.js';
import type { ContainerRecord, MountPoint, RootfsSource } from '../state/record.js';
import { withDefaults, withDockerDefaults } from './host-defaults.js';

export interface CreateOptions {
  /** @default 64 random hexadecimal digits */
  readonly id?: string | undefined;
  /** @default an adjective and a noun */
  readonly name?: string | undefined;
  /** In the shape of Docker's API. What is not known is left out. */
  readonly config: ContainerConfig;
  readonly hostConfig?: HostConfig | undefined;
  /** A folder that is used as it is, or layers below a writable one of the container's own. */
  readonly rootfs: string | RootfsSource;
}

export interface Created {
  readonly container: ManagedContainer;
  readonly warnings: readonly string[];
}

const ID_BYTES = 32;

/**
 * Makes a container; nothing of it runs.
 * @throws InvalidArgumentError for a configuration that cannot be, in dockerd's words; ConflictError when the name is taken;
 * ResourceExhaustedError when the disk is full. Nothing is left of it then.
 */
export async function createContainer(
  engine: EngineContext,
  options: CreateOptions,
  call: CallOptions = {},
): Promise<Created> {
  call.signal?.throwIfAborted();
  const config = parseContainerConfig(options.config);
  const given = withDefaults(parseHostConfig(options.hostConfig ?? {}), engine.settings.containerDefaults);
  checkContainer(config, given, { cpuCount: engine.host.cpuCount });
  const runtimes = engine.runtimes();
  const runtime = given.Runtime === undefined || given.Runtime === '' ? runtimes.defaultRuntime : given.Runtime;
  const resolved = await runtimes.resolveRuntime(runtime);
  resolved.cgroupsPath('x', given.CgroupParent);
  const warnings = [...resolved.warnings, ...warningsOf(given, engine.host)];
  const hostConfig: HostConfig = {
    ...withDockerDefaults(given, engine.host),
    Runtime: runtime,
    LogConfig:
      given.LogConfig === undefined || given.LogConfig.Type === '' ? engine.settings.logConfig : given.LogConfig,
  };
  const rootfs = await checkedRootfs(options.rootfs);
  const id = options.id ?? randomBytes(ID_BYTES).toString('hex');
  if (engine.names.nameOf(id) !== undefined) {
    throw new ConflictError(`create a container: there is one with the id ${id}`, {
      code: 'ERR_CONTAINER_EXISTS',
      fields: { containerId: id },
    });
  }
  const name = engine.names.reserve(id, options.name?.replace(/^\//, ''));
  let mounts: readonly MountPoint[] = [];
  try {
    mounts = await resolveMounts({
      config,
      hostConfig,
      containerId: id,
      volumes: engine.volumes,
      volumesFrom: (ref) => engine.containers.get(engine.names.resolve(ref), ref).record.mounts,
    });
    const record = newRecord({ id, name, config: withHostname(config, hostConfig, id), hostConfig, rootfs, mounts });
    const container = manage(engine, record);
    await engine.store.create(record);
    engine.containers.add(container);
    engine.events.publish('container', 'create', id, containerAttributes(record));
    return { container, warnings };
  } catch (err) {
    engine.names.release(id);
    engine.volumes.releaseAll(id);
    await removeNewVolumes(engine, mounts);
    throw err;
  }
}

function newRecord(
  parts: Pick<ContainerRecord, 'id' | 'name' | 'config' | 'hostConfig' | 'rootfs' | 'mounts'>,
): ContainerRecord {
  return {
    version: 1,
    ...parts,
    createdAt: new Date().toISOString(),
    state: NEW_STATE,
    manuallyStopped: false,
    startedBefore: false,
    starting: undefined,
  };
}

/** Those that were made for a container that was not. One of `VolumesFrom` is in use elsewhere, and stays. */
async function removeNewVolumes(engine: EngineContext, mounts: readonly MountPoint[]): Promise<void> {
  for (const { name, anonymous } of mounts) {
    if (name === undefined || anonymous !== true || engine.volumes.usersOf(name).length > 0) continue;
    await engine.volumes.remove(name).catch((err: unknown) => {
      engine.log.warn({ err, volume: name }, 'remove the volume of a container that was not made');
    });
  }
}

/** Docker names a container's host after it, unless it has the host's network and with it the host's name. */
function withHostname(config: ContainerConfig, { NetworkMode }: HostConfig, id: string): ContainerConfig {
  if (config.Hostname !== undefined && config.Hostname !== '') return config;
  return { ...config, Hostname: NetworkMode === 'host' ? hostname() : id.slice(0, 12) };
}

async function checkedRootfs(given: string | RootfsSource): Promise<RootfsSource> {
  const rootfs: RootfsSource = typeof given === 'string' ? { kind: 'folder', path: given } : given;
  const folders = rootfs.kind === 'folder' ? [rootfs.path] : rootfs.layers;
  if (folders.length === 0) throw new InvalidArgumentError('create a container: its root file system has no layer');
  for (const folder of folders) {
    if (!isAbsolute(folder)) {
      throw new InvalidArgumentError(
        `create a container: the root file system ${JSON.stringify(folder)} is no absolute path`,
      );
    }
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true) {
      throw new NotFoundError(`create a container: there is no folder ${folder} for its root file system`, {
        fields: { path: folder },
      });
    }
  }
  return rootfs;
}
