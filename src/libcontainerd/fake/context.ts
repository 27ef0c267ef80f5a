import { CanceledError, cancellation, NotImplementedError } from '../../errdefs/index.js';
import { withinCall } from '../deadline.js';
import type { Run } from '../run.js';
import type { RunTable } from '../run-table.js';
import type { CallOptions, Capabilities } from '../types.js';
import type { ClientRun } from './client-run.js';
import type { FakeMethod, Faults } from './faults.js';
import type { HostState } from './host-state.js';

export interface FakeContextOptions {
  readonly state: HostState;
  readonly faults: Faults;
  readonly namespace: string;
  readonly table: RunTable;
}

/** What the objects of one fake client share: the way to the host, and the end of the client. */
export class FakeContext {
  readonly state: HostState;
  readonly namespace: string;
  readonly table: RunTable;
  /** The client's side of the runs in the table. */
  readonly runs = new WeakMap<Run, ClientRun>();
  readonly #faults: Faults;
  readonly #onEnd = new Set<(reason: CanceledError) => void>();
  #end: CanceledError | undefined;

  constructor(options: FakeContextOptions) {
    this.state = options.state;
    this.namespace = options.namespace;
    this.table = options.table;
    this.#faults = options.faults;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Fails what is pending and whatever is called from now on. */
  end(cause: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = new CanceledError('the client is closed', { code: 'ERR_CLIENT_CLOSED', cause });
    for (const listener of [...this.#onEnd]) listener(this.#end);
    this.#onEnd.clear();
  }

  /** One call to the host: counted, failed on request, bounded by what the caller and the client's end say. */
  async ask<T>(method: FakeMethod, what: string, call: CallOptions, action: () => T | Promise<T>): Promise<T> {
    this.assertOpen(what);
    if (call.signal?.aborted) throw cancellation(what, call.signal.reason);
    const answer = (async () => {
      this.#faults.enter(method);
      // Nothing is answered in the turn it is asked in.
      await Promise.resolve();
      this.assertOpen(what);
      if (call.signal?.aborted) throw cancellation(what, call.signal.reason);
      return action();
    })();
    return this.untilEnd(what, answer, call);
  }

  /** Waits for a promise no longer than the caller wants and the client lives. */
  async untilEnd<T>(what: string, promise: Promise<T>, call: CallOptions): Promise<T> {
    this.assertOpen(what);
    let stop = () => {};
    const ended = new Promise<never>((_, reject) => {
      const listener = (reason: CanceledError) => reject(closed(what, reason));
      this.#onEnd.add(listener);
      stop = () => this.#onEnd.delete(listener);
    });
    try {
      return await withinCall(what, Promise.race([promise, ended]), call);
    } finally {
      stop();
    }
  }

  assertOpen(what: string): void {
    if (this.#end !== undefined) throw closed(what, this.#end);
  }

  /** The host has the task no more: what is not known to have ended has ended unseen. */
  concludeUnknown(run: Run): void {
    this.table.concludeUnknown(run);
    // An init that was never started is not unfinished, and its waiters must not wait for ever either.
    this.table.concludeUnknown(run, [run.containerId]);
  }

  /** @throws NotImplementedError `ERR_CAPABILITY` */
  assertCapable(what: string, capability: Exclude<keyof Capabilities, 'metrics'>): void {
    if (this.state.capabilities[capability]) return;
    throw new NotImplementedError(`${what}: the backend has no capability ${capability}`, { code: 'ERR_CAPABILITY' });
  }
}

function closed(what: string, reason: CanceledError): CanceledError {
  return new CanceledError(`${what}: the client is closed`, { code: 'ERR_CLIENT_CLOSED', cause: reason.cause });
}
