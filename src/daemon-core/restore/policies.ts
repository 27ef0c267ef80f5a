import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';

/** Once all is restored: starts what the restart policies want, and removes what `--rm` wants gone. */
export function applyPolicies(engine: EngineContext): void {
  for (const c of engine.containers.all()) {
    if (c.uncertain !== undefined || c.isAlive) continue;
    const { status } = c.state;
    if (status === 'restarting') engine.actions.restart(c, 0);
    else if (status === 'exited' && c.record.hostConfig.AutoRemove === true) engine.actions.remove(c);
    else if (status === 'exited' && engine.settings.autoRestart && c.record.startedBefore) restartStopped(engine, c);
  }
}

/** `always` starts also what was stopped by hand, as with dockerd; `unless-stopped` does not. */
function restartStopped(engine: EngineContext, c: ManagedContainer): void {
  const { exitCode, startedAt, finishedAt, restartCount } = c.state;
  const ranMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) || 0;
  const { manuallyStopped } = c.record;
  const decision = c.restart.decide({ exitCode, manuallyStopped, ranMs, restartCount });
  if (decision.restart) engine.actions.startAtBoot(c);
}
