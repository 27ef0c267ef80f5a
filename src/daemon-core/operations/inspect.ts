import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { inspectState } from '../state/inspect-state.js';
import type { MountPoint } from '../state/record.js';

/** Docker's JSON of a container, for what is known without images and networks. */
export function inspectContainer(engine: EngineContext, c: ManagedContainer) {
  const { record } = c;
  const { config, hostConfig } = record;
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return {
    Id: c.id,
    Created: record.createdAt,
    Path: path,
    Args: args,
    State: inspectState(record.state),
    Image: config.Image ?? '',
    LogPath: c.logs.path ?? '',
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: record.rootfs.kind,
    Platform: process.platform,
    ExecIDs: c.execs.size === 0 ? null : [...c.execs],
    HostConfig: hostConfig,
    Config: config,
    Mounts: record.mounts.map(inspectMount),
    /** Beyond Docker: who was OOM-killed in the current run, and how often. */
    OOM: record.state.oom,
    Uncertain: c.uncertain === undefined ? false : c.uncertain.message,
    Runtime: hostConfig.Runtime ?? engine.runtimes().defaultRuntime,
  };
}

export type ContainerInspect = ReturnType<typeof inspectContainer>;

function inspectMount(mount: MountPoint) {
  return {
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source ?? '',
    Destination: mount.destination,
    ...(mount.driver === undefined ? {} : { Driver: mount.driver }),
    Mode: mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.propagation,
  };
}
