import { ConflictError, NotFoundError } from '../../errdefs/index.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { shmFolder } from './shm.js';

const CONTAINER_MODE = 'container:';

/** The containers whose namespaces are joined, by the pids of their init processes. */
export interface Joined {
  readonly pid?: number;
  readonly ipc?: number;
  readonly network?: number;
  readonly shmPath?: string;
}

/**
 * Resolves `container:NAME` of the pid, IPC and network modes to who runs now.
 * @throws NotFoundError for a container that is not there; ConflictError for one that does not run
 */
export function joinedOf(engine: EngineContext, c: ManagedContainer): Joined {
  const { PidMode, IpcMode, NetworkMode } = c.record.hostConfig;
  const pid = pidOf(engine, PidMode, 'PID');
  const ipc = pidOf(engine, IpcMode, 'IPC');
  const network = pidOf(engine, NetworkMode, 'network');
  const ipcPeer = peerOf(engine, IpcMode);
  if (ipcPeer !== undefined && ipcPeer.record.hostConfig.IpcMode !== 'shareable') {
    throw new ConflictError(
      `cannot join IPC namespace of container ${ipcPeer.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      {
        fields: { containerId: ipcPeer.id },
      },
    );
  }
  const donor = IpcMode === 'shareable' ? c : ipcPeer;
  return {
    ...(pid === undefined ? {} : { pid }),
    ...(ipc === undefined ? {} : { ipc }),
    ...(network === undefined ? {} : { network }),
    ...(donor === undefined ? {} : { shmPath: shmFolder(engine, donor) }),
  };
}

/** Whose network, hostname and files of /etc it shares: its own, unless it joins another one's, however often removed. */
export function networkOwnerOf(engine: EngineContext, c: ManagedContainer): ManagedContainer {
  const seen = new Set<ManagedContainer>();
  let owner = c;
  while (!seen.has(owner)) {
    seen.add(owner);
    owner = peerOf(engine, owner.record.hostConfig.NetworkMode) ?? owner;
  }
  return owner;
}

function pidOf(engine: EngineContext, mode: string | undefined, what: string): number | undefined {
  const peer = peerOf(engine, mode);
  if (peer === undefined) return undefined;
  if (peer.state.status === 'restarting') {
    throw new ConflictError(`cannot join ${what} namespace of a restarting container: ${peer.id}`, {
      fields: { containerId: peer.id },
    });
  }
  if (!peer.isAlive || peer.state.pid === 0) {
    throw new ConflictError(`cannot join ${what} namespace of a non running container: ${peer.id}`, {
      fields: { containerId: peer.id },
    });
  }
  return peer.state.pid;
}

function peerOf(engine: EngineContext, mode: string | undefined): ManagedContainer | undefined {
  if (mode === undefined || !mode.startsWith(CONTAINER_MODE)) return undefined;
  const ref = mode.slice(CONTAINER_MODE.length);
  if (ref === '') throw new NotFoundError('No such container: ""', { code: 'ERR_CONTAINER_NOT_FOUND' });
  return engine.containers.get(engine.names.resolve(ref), ref);
}
