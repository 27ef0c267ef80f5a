import { NotFoundError } from '../errdefs/index.js';
import { type Cgroup1Folders, cgroup1Folders } from '../platform/cgroup1-folders.js';
import { packAny } from '../protocol/any.js';
import { Metrics } from '../protocol/gen/containerd/stats/cgroup1.js';
import type { Any } from '../protocol/gen/google/protobuf/any.js';
import { readCgroup1Metrics } from './cgroup1-stats.js';

const TYPE_NAME = 'io.containerd.cgroups.v1.Metrics';

/**
 * The metrics of one task, which a shim of API v1 leaves to its caller. The cgroup is looked up while init lives: of a
 * process that has exited the kernel does not tell it any more, and its cgroup stays until Delete.
 */
export class TaskMetrics {
  #folders: Promise<Cgroup1Folders | undefined> | undefined;

  get isTracking(): boolean {
    return this.#folders !== undefined;
  }

  /** @param pid of init */
  track(pid: number): void {
    const folders = cgroup1Folders(pid);
    this.#folders = folders;
    // Nobody may ask; then it is looked up again.
    const forget = () => {
      if (this.#folders === folders) this.#folders = undefined;
    };
    folders.then((found) => found ?? forget(), forget);
  }

  /** @throws NotFoundError when the task has no cgroup (any more) */
  async read(): Promise<Any> {
    const folders = await this.#folders;
    const metrics = folders === undefined ? undefined : await readCgroup1Metrics(folders);
    if (metrics === undefined) throw new NotFoundError('read metrics: the task has no cgroup');
    return packAny(TYPE_NAME, Metrics, metrics);
  }
}
