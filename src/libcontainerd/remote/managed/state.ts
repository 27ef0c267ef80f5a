import { type EngineError, InternalError } from '../../../errdefs/index.js';

/** What the supervisor and its containerd are doing. */
export type ManagedState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'running';
      readonly pid: number;
      /** It was found running: another process had started it. */
      readonly adopted: boolean;
    }
  | {
      readonly kind: 'restarting';
      /** Counts the tries since containerd last ran healthily for a while. From 1. */
      readonly attempt: number;
      /** How long this try waits before it starts containerd. */
      readonly delayMs: number;
      /** Why the one before is gone: `exited with code 1`, `killed by SIGKILL`, `does not answer`. */
      readonly reason: string;
    }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'failed'; readonly error: EngineError };

export type StateKind = ManagedState['kind'];

/** What happened. */
export type StateEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'ready'; readonly pid: number; readonly adopted: boolean }
  | { readonly kind: 'lost'; readonly attempt: number; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'fail'; readonly error: EngineError }
  | { readonly kind: 'stop' }
  | { readonly kind: 'ended' };

/** From which states an event may come. */
const ALLOWED: Readonly<Record<StateEvent['kind'], readonly StateKind[]>> = {
  start: ['stopped', 'failed'],
  ready: ['starting', 'restarting'],
  lost: ['running', 'restarting'],
  fail: ['starting'],
  stop: ['starting', 'running', 'restarting'],
  ended: ['stopping'],
};

/** The one place where a state follows from another. @throws InternalError `ERR_TRANSITION` */
export function transition(state: ManagedState, event: StateEvent): ManagedState {
  if (!ALLOWED[event.kind].includes(state.kind)) {
    throw new InternalError(`change managed containerd's state: ${event.kind} while ${state.kind}`, {
      code: 'ERR_TRANSITION',
    });
  }
  switch (event.kind) {
    case 'start':
      return { kind: 'starting' };
    case 'ready':
      return { kind: 'running', pid: event.pid, adopted: event.adopted };
    case 'lost':
      return { kind: 'restarting', attempt: event.attempt, delayMs: event.delayMs, reason: event.reason };
    case 'fail':
      return { kind: 'failed', error: event.error };
    case 'stop':
      return { kind: 'stopping' };
    case 'ended':
      return { kind: 'stopped' };
  }
}
