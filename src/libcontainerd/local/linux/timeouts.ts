/** Deadlines in milliseconds that are ours and not the caller's, with containerd's names where it has them. */
export const TIMEOUTS = {
  /** Opening the core: folders, locks, sockets. */
  open: 30_000,
  /** A call to a shim when the caller names no time. */
  call: 30_000,
  /** `io.containerd.timeout.shim.load`: finding one shim again. */
  load: 5_000,
  /** `io.containerd.timeout.shim.cleanup`: taking away what a dead shim left, or a create that failed. */
  cleanup: 10_000,
  /** `io.containerd.timeout.shim.shutdown`. */
  shutdown: 3_000,
  /** Start of a shim; containerd dials for 100 s, and no shim that works takes one. */
  bootstrap: 30_000,
  /** One shim's part of a list or a sample (`io.containerd.timeout.task.state`). */
  listed: 2_000,
  /** Between tries to reach a shim that hangs. */
  retryFirst: 500,
  retryMax: 10_000,
} as const;
