import type { RpcCallOptions } from '../protocol/method.js';

/** Bounds of ours where the caller names none, in milliseconds. */
export const TIMEOUTS = {
  /** `start` with the connection. containerd leaves it to its caller; a shim of a virtual machine takes seconds. */
  startMs: 60_000,
  /** containerd's `io.containerd.timeout.shim.load`, for a shim that was there before us. */
  connectMs: 5_000,
  /** containerd's `io.containerd.timeout.shim.cleanup`, for the `delete` action. */
  cleanupMs: 5_000,
  /** For each further step of a cleanup, when `delete` has failed. */
  stepMs: 5_000,
  /** `-v` prints a text and ends. */
  probeMs: 5_000,
  /** Whether somebody accepts at a socket: the kernel answers. */
  knockMs: 500,
} as const;

/** For something done in several steps: gives, when called, the call for the next step, with what is left of the time. */
export function timeLeft(call: RpcCallOptions, defaultMs: number): (atMostMs?: number) => RpcCallOptions {
  const endBy = performance.now() + (call.timeoutMs ?? defaultMs);
  return (atMostMs = Number.POSITIVE_INFINITY) => ({
    signal: call.signal,
    timeoutMs: Math.max(1, Math.min(atMostMs, endBy - performance.now())),
  });
}
