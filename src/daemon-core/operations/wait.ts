import { withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { WaitCondition, WaitResult } from '../container/waits.js';

/**
 * Waits for an exit or the removal. Entered before this returns, so that a start that is asked for next cannot be missed.
 * Of a container that is removed, what it ended with.
 * @throws CanceledError, DeadlineExceededError by the call's signal and time; CanceledError when the engine closes
 */
export function waitContainer(
  c: ManagedContainer,
  condition: WaitCondition = 'not-running',
  call: CallOptions = {},
): Promise<WaitResult> {
  const { status, exitCode, error } = c.state;
  const runs = c.isAlive || status === 'restarting' || c.uncertain !== undefined;
  if (condition === 'not-running' && !runs) return Promise.resolve({ exitCode, error });
  const giveUp = new AbortController();
  const waiting = condition === 'removed' ? c.waits.removal(giveUp.signal) : c.waits.exit(giveUp.signal);
  waiting.catch(() => {});
  return withinCall(`wait for container ${c.id}`, waiting, call).finally(() => giveUp.abort());
}
