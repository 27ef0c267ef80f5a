/** Deadlines in milliseconds that are ours and not the caller's, with the upstream they come from where there is one. */
export const TIMEOUTS = {
  /** Version and plugins at connect. */
  connect: 10_000,
  /** Event handlers under way when the client is closed. */
  close: 10_000,
  /** Cleaning up after a create that failed or was given up. */
  cleanup: 10_000,
  /** moby `daemon/internal/libcontainerd/remote`: a failed exec is deleted even when the client went away. */
  execCleanup: 45_000,
  /** The caller's attach callback, and the flush of stdin before its half close, when the caller names no time. */
  stdio: 30_000,
  /** Draining the output of an ended process (moby waits 2 s, the shim's own delete 10 s). */
  drainIdle: 2_000,
  drainMax: 10_000,
  /** `forceDelete` waits this long for a killed process' exit. */
  killWait: 10_000,
  /** A list of all tasks; containerd takes 2 s for each shim that hangs. */
  list: 10_000,
  /** One call while making sure of a run's state. */
  resyncCall: 10_000,
  /** A batched sample: a hung shim blocks the whole answer (containerd/containerd#13848), the embedded core for 2 s. */
  statsBatch: 3_000,
  /** One container's sample when the batch failed. */
  statsSingle: 2_000,
  /** One start; exec starts of one task wait for each other. */
  start: 60_000,
  /** containerd's `io.containerd.timeout.*` allow a create with a slow image; runc's console handshake takes 30 s. */
  create: 60_000,
} as const;
