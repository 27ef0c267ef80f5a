import { CanceledError, cancellation, type EngineError } from '../../../errdefs/index.js';
import { withDefault, withinCall } from '../../deadline.js';
import type { ContainerStore, TaskCallOptions, TaskService } from '../../objects/task-service.js';
import type { CallOptions } from '../../types.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * The tasks of a namespace as one client has them: its calls end with it, the tasks go on. What a call has begun goes on
 * behind it, as with a containerd whose connection is closed.
 */
export class ClientCalls {
  readonly #pending = new Set<(reason: EngineError) => void>();
  #closedBecause: EngineError | undefined;

  assertUsable(what: string, signal: AbortSignal | undefined): void {
    if (this.#closedBecause !== undefined) throw closedError(what, this.#closedBecause);
    if (signal?.aborted) throw cancellation(`call ${what}`, signal.reason);
  }

  close(reason: EngineError): void {
    this.#closedBecause ??= reason;
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
  }

  wrap(tasks: TaskService): TaskService {
    const guard =
      <Request, Reply>(name: string, call: (request: Request, options?: TaskCallOptions) => Promise<Reply>) =>
      (request: Request, options?: TaskCallOptions) =>
        this.#guard(`Tasks/${name}`, options, () => call(request, options));
    return {
      create: guard('Create', (r, o) => tasks.create(r, o)),
      start: guard('Start', (r, o) => tasks.start(r, o)),
      delete: guard('Delete', (r, o) => tasks.delete(r, o)),
      deleteProcess: guard('DeleteProcess', (r, o) => tasks.deleteProcess(r, o)),
      get: guard('Get', (r, o) => tasks.get(r, o)),
      list: guard('List', (r, o) => tasks.list(r, o)),
      kill: guard('Kill', (r, o) => tasks.kill(r, o)),
      exec: guard('Exec', (r, o) => tasks.exec(r, o)),
      resizePty: guard('ResizePty', (r, o) => tasks.resizePty(r, o)),
      closeIO: guard('CloseIO', (r, o) => tasks.closeIO(r, o)),
      pause: guard('Pause', (r, o) => tasks.pause(r, o)),
      resume: guard('Resume', (r, o) => tasks.resume(r, o)),
      listPids: guard('ListPids', (r, o) => tasks.listPids(r, o)),
      checkpoint: guard('Checkpoint', (r, o) => tasks.checkpoint(r, o)),
      update: guard('Update', (r, o) => tasks.update(r, o)),
      metrics: guard('Metrics', (r, o) => tasks.metrics(r, o)),
      wait: guard('Wait', (r, o) => tasks.wait(r, o)),
      mayHaveCreated: (err) => tasks.mayHaveCreated(err),
    };
  }

  wrapStore(store: ContainerStore): ContainerStore {
    const guard = <T>(name: string, options: CallOptions = {}, call: () => Promise<T>) => {
      const what = `Containers/${name}`;
      return this.#guard(what, options, () => withinCall(what, call(), withDefault(options, TIMEOUTS.call)));
    };
    return {
      create: (container, options) => guard('Create', options, () => store.create(container)),
      get: (id, options) => guard('Get', options, () => store.get(id)),
      list: (options) => guard('List', options, () => store.list()),
      delete: (id, options) => guard('Delete', options, () => store.delete(id)),
    };
  }

  #guard<T>(what: string, options: TaskCallOptions | undefined, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.assertUsable(what, options?.signal);
      const end = (reason: EngineError) => reject(closedError(what, reason));
      this.#pending.add(end);
      // What throws at once is forgotten as well.
      (async () => call())()
        .finally(() => this.#pending.delete(end))
        .then(resolve, reject);
    });
  }
}

function closedError(what: string, cause: EngineError): EngineError {
  return new CanceledError(`call ${what}: the client is closed`, { code: 'ERR_CLIENT_CLOSED', cause });
}
