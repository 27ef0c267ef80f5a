import type { Logger } from '../../../log/logger.js';
import type { Cgroup1OomWatcher } from '../../../oom/cgroup1-watcher.js';
import type { RuntimeTable } from '../../../runtimes/index.js';
import type { Bundle } from '../../../shim/bundle.js';
import type { BundleStore } from '../../../shim/bundle-store.js';
import type { ShimDialect, ShimParams } from '../../../shim/shim.js';
import type { TaskEvent } from '../../objects/event-facts.js';
import type { TaskTable } from './task-table.js';
import type { WarmShims } from './warm-shims.js';

/** What the parts of one embedded core share. */
export interface TaskCore {
  readonly table: TaskTable;
  readonly bundles: BundleStore;
  readonly runtimes: RuntimeTable;
  readonly dialects: Readonly<Record<'v1' | 'v2', ShimDialect>>;
  readonly oom: Cgroup1OomWatcher;
  readonly warm: WarmShims;
  readonly log: Logger;
  /** Default state folder of OCI runtimes (`runc --root`): not the one that containerd uses. */
  readonly runcRoot: string;
  /** Fires when the core closes. */
  readonly signal: AbortSignal;
  readonly publish: (namespace: string, event: TaskEvent) => void;
  /** What every shim of this core is started with; `binary` and `options` are the runtime's. */
  readonly paramsOf: (bundle: Bundle, runtime: Pick<ShimParams, 'binary' | 'options'>) => ShimParams;
}
