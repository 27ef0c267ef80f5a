import type { Client } from '../types.js';
import type { FakeMethod } from './faults.js';

/** A client of the seam in memory. It does what `types.ts` says, on a host that has no kernel and needs no root. */
export interface FakeClient extends Client {
  /** The machine it talks to: makes further clients, and fails on request. */
  readonly host: FakeHost;
  /**
   * Learns what was missed: what a reconnection and the half-minute sweep of a real client do. Never rejects: a client
   * that is closed or disconnected learns nothing.
   */
  resync(): Promise<void>;
}

/**
 * An imaginary machine that runs containers in memory: what containerd, its shims and the kernel are to a real client.
 * Clients come and go, containers stay; and it can be told to fail.
 */
export interface FakeHost {
  /**
   * A further client: what an engine that starts, or starts again, would make.
   * @param namespace @default the host's
   * @throws InvalidArgumentError `ERR_NAMESPACE_INVALID`
   */
  client(namespace?: string): FakeClient;
  /** Calls so far of all clients, by the name that containerd has for them; those that never were are absent. */
  calls(): Map<FakeMethod, number>;
  /** Makes the next call of that name fail. Several errors are used up one after another. */
  failNext(method: FakeMethod, error: Error): void;
  /**
   * The kernel kills a process for memory: the init, an exec, or with `null` some child that is neither.
   * @param processId @default the init
   * @throws NotFoundError when there is no such task or exec
   */
  oomKill(containerId: string, processId?: string | null, namespace?: string): void;
  /** The task is gone with all its processes, and no event tells. @throws NotFoundError when there is no task */
  vanish(containerId: string, namespace?: string): void;
  /** From now on events are lost, or no longer. What was lost stays lost until a `sweep`. */
  dropEvents(dropped: boolean): void;
  /** Calls fail with `ERR_CONTAINERD_UNREACHABLE` and events are lost; containers go on. */
  disconnect(): void;
  /** Ends a `disconnect`. Resolves when the clients have learned what they missed. */
  reconnect(): Promise<void>;
  /** What real clients do twice a minute: list the tasks, and make up the events they missed. */
  sweep(): Promise<void>;
}
