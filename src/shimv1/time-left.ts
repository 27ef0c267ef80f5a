import { performance } from 'node:perf_hooks';
import type { RpcCallOptions } from '../protocol/method.js';

/** For what waits several times: gives, when called, the caller's signal and what is left of the time from now on. */
export function timeLeft(call: RpcCallOptions, defaultMs: number): () => RpcCallOptions & { timeoutMs: number } {
  const endBy = performance.now() + (call.timeoutMs ?? defaultMs);
  return () => ({ signal: call.signal, timeoutMs: Math.max(1, endBy - performance.now()) });
}
