import { UnavailableError } from '../../errdefs/index.js';

/** The calls that the fake counts and fails: what a client of containerd would send. */
export type FakeMethod =
  | 'Version/Version'
  | `Containers/${'Create' | 'Get' | 'ListStream' | 'Delete'}`
  | `Tasks/${'Create' | 'Start' | 'Delete' | 'DeleteProcess' | 'Get' | 'List' | 'Kill' | 'Exec' | 'ResizePty'}`
  | `Tasks/${'CloseIO' | 'Pause' | 'Resume' | 'ListPids' | 'Checkpoint' | 'Update' | 'Metrics' | 'Wait'}`;

/** What goes wrong between the clients and the host. */
export class Faults {
  /** Calls go through and events come. */
  connected = true;
  /** Events are lost, and nobody is told. */
  eventsDropped = false;
  readonly #calls = new Map<FakeMethod, number>();
  readonly #failures = new Map<FakeMethod, Error[]>();

  get losesEvents(): boolean {
    return this.eventsDropped || !this.connected;
  }

  calls(): Map<FakeMethod, number> {
    return new Map(this.#calls);
  }

  failNext(method: FakeMethod, error: Error): void {
    const queued = this.#failures.get(method) ?? [];
    this.#failures.set(method, [...queued, error]);
  }

  /** To be called for every call that reaches the host. @throws what the call shall fail with */
  enter(method: FakeMethod): void {
    if (!this.connected) {
      throw new UnavailableError(`call ${method}: the fake host is disconnected`, {
        code: 'ERR_CONTAINERD_UNREACHABLE',
      });
    }
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1);
    const [failure, ...rest] = this.#failures.get(method) ?? [];
    if (failure === undefined) return;
    this.#failures.set(method, rest);
    throw failure;
  }
}
