import { randomBytes } from 'node:crypto';
import { execProcess } from '../../oci/exec-process.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { execProbe } from '../health/exec-probe.js';
import { HealthMonitor } from '../health/health-monitor.js';
import type { HealthState } from '../state/record.js';
import type { CurrentRun, ManagedContainer } from './managed-container.js';
import { viewOf } from './rootfs.js';

/** Watches the health of a run that moves, when its configuration says how. */
export function startHealth(engine: EngineContext, c: ManagedContainer, run: CurrentRun): void {
  const { config } = c.record;
  if (c.health !== undefined || engine.closing.aborted) return;
  const view = viewOf(c.record, engine.store.folder(c.id));
  const processOf = (args: readonly string[]) =>
    execProcess(run.container.spec, { Cmd: args }, view, config, c.record.hostConfig);
  const monitor = new HealthMonitor({
    config,
    probe: async (options) => {
      const execId = randomBytes(32).toString('hex');
      const attributes = { ...containerAttributes(c.record), execID: execId };
      const command = options.args.join(' ');
      return execProbe(run.task, {
        ...options,
        execId,
        processOf,
        on: (event) => {
          if (event.type === 'create') engine.events.publish('container', `exec_create: ${command}`, c.id, attributes);
          else if (event.type === 'start')
            engine.events.publish('container', `exec_start: ${command}`, c.id, attributes);
          else
            engine.events.publish('container', 'exec_die', c.id, { ...attributes, exitCode: String(event.exitCode) });
        },
      });
    },
    onChange: (state) => healthChanged(engine, c, run, state),
    log: engine.log,
    startedAt: new Date(c.state.startedAt),
    initial: c.state.health,
  });
  if (monitor.state.Status === 'none') return;
  c.health = monitor;
  c.change({ kind: 'health', health: monitor.state });
  monitor.start();
}

function healthChanged(engine: EngineContext, c: ManagedContainer, run: CurrentRun, state: HealthState): void {
  if (c.run !== run) return;
  const before = c.state.health?.Status;
  c.change({ kind: 'health', health: state });
  if (before === state.Status) return;
  engine.background('save the health of a container', c.id, () => c.save());
  if (state.Status === 'starting') return;
  engine.events.publish('container', `health_status: ${state.Status}`, c.id, containerAttributes(c.record));
}
