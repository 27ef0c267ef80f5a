import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { hasProcesses } from '../state/container-state.js';
import type { LoadedRecord } from '../state/record-store.js';

/** Once all is restored: starts what the restart policies want, and removes what `--rm` wants gone. */
export function applyPolicies(engine: EngineContext, loaded: readonly LoadedRecord[]): void {
  for (const { record } of loaded) {
    const c = engine.containers.find(record.id);
    // Of one that ran, the commit of its end has decided.
    if (c !== undefined && c.uncertain === undefined && !hasProcesses(record.state)) applyPolicy(engine, c);
  }
}

/** Of one that did not run when the engine opened. */
export function applyPolicy(engine: EngineContext, c: ManagedContainer): void {
  const { status, error } = c.state;
  const isOver = status === 'exited' || (status === 'created' && error !== '');
  if (status === 'restarting') engine.actions.restart(c, 0);
  else if (isOver && c.record.hostConfig.AutoRemove === true) engine.actions.remove(c);
  else if (status === 'exited' && engine.settings.autoRestart && c.record.startedBefore) restartStopped(engine, c);
}

/** `always` starts also what was stopped by hand, as with dockerd; `unless-stopped` does not. */
function restartStopped(engine: EngineContext, c: ManagedContainer): void {
  const { exitCode, startedAt, finishedAt, restartCount } = c.state;
  const ranMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) || 0;
  const { manuallyStopped } = c.record;
  const decision = c.restart.decide({ exitCode, manuallyStopped, ranMs, restartCount });
  if (decision.restart) engine.actions.startAtBoot(c);
}
