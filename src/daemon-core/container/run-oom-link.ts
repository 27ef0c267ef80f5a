import type { Task } from '../../libcontainerd/types.js';
import type { MemoryCgroup } from '../../oom/memory-cgroup.js';
import { OOM_KILLS } from '../../telemetry/observations.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { RunOom } from '../oom/run-oom.js';
import type { OomFacts } from '../state/record.js';
import type { ManagedContainer } from './managed-container.js';

export interface RunOomOptions {
  readonly number: number;
  readonly task: Task;
  readonly cgroup: MemoryCgroup | undefined;
  /** What an earlier life of the engine knew of this run. */
  readonly known?: OomFacts | undefined;
}

/**
 * What is known of OOM kills in a run, tied to the record: each kill shows at once, is in the journal before anybody can
 * have seen it for long, and is told once.
 */
export function newRunOom(engine: EngineContext, c: ManagedContainer, options: RunOomOptions): RunOom {
  const { number, task, cgroup, known } = options;
  return new RunOom({
    containerId: c.id,
    run: number,
    cgroup,
    known,
    kernelLog: engine.kernelLog,
    stats: () => task.stats(),
    log: engine.log,
    onChange: (oom, { kills }) => {
      // Before the state says that it runs the facts wait in the run, which enters them with its start.
      c.change({ kind: 'oom', run: number, oom });
      engine.background('note an oom kill', c.id, () => engine.store.append(c.id, { fact: 'oom', run: number, oom }));
      // Who it was may be learned later, which is no other kill.
      if (kills === 0) return;
      OOM_KILLS.publish({ engineId: engine.settings.id, containerId: c.id, kills });
      engine.events.publish('container', 'oom', c.id, containerAttributes(c.record));
    },
  });
}
