import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { EngineContext } from '../engine-context.js';
import { openContainerLog } from '../logs/open-log.js';
import { RestartManager } from '../restart/restart-policy.js';
import type { ContainerRecord } from '../state/record.js';
import { StreamHub } from '../streams/stream-hub.js';
import { ManagedContainer } from './managed-container.js';
import { Waits } from './waits.js';

/**
 * Makes the object of a record: its log, streams and policy.
 * @throws InvalidArgumentError for a log driver or option that is not known
 */
export function manage(engine: EngineContext, record: ContainerRecord): ManagedContainer {
  const { config, hostConfig, id } = record;
  const logs = openContainerLog({
    folder: engine.store.folder(id),
    id,
    name: record.name,
    logConfig: hostConfig.LogConfig ?? engine.settings.logConfig,
    config,
    keeper: isDetached(config) ? engine.logKeeper : undefined,
    log: engine.log,
  });
  const hub = new StreamHub({
    terminal: config.Tty === true,
    stdinOnce: config.StdinOnce === true,
    spillFolder: engine.settings.state,
    log: engine.log,
  });
  const restart = new RestartManager(hostConfig.RestartPolicy ?? { Name: 'no' });
  return new ManagedContainer(record, { store: engine.store, logs, hub, restart, waits: new Waits() });
}

/**
 * Nobody has asked for its bytes as they are: a log has lines of text, and a prompt is none. By what never changes, so that each
 * life of the engine decides alike.
 */
function isDetached({ Tty, OpenStdin, AttachStdin, AttachStdout, AttachStderr }: ContainerConfig): boolean {
  return ![Tty, OpenStdin, AttachStdin, AttachStdout, AttachStderr].includes(true);
}
