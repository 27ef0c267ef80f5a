import { InternalError } from '../../errdefs/index.js';
import { mergeOom, NO_OOM } from './oom-facts.js';
import type { ContainerState, ContainerStatus, HealthState, OomFacts } from './record.js';

/** What can happen to a container. Times are ISO 8601. */
export type StateChange =
  | {
      readonly kind: 'started';
      /** Higher than that of every run before. */
      readonly run: number;
      readonly pid: number;
      readonly startedAt: string;
      /** What is known of this very run: a kill may come between its create and here. */
      readonly oom: OomFacts;
      readonly health: HealthState | undefined;
    }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unpaused' }
  /** From `restarting` it ends the delay: how the run ended is known already, and stays as it is. */
  | { readonly kind: 'exited'; readonly exitCode: number; readonly finishedAt: string }
  | { readonly kind: 'restarting'; readonly exitCode: number; readonly finishedAt: string }
  /** What is known of OOM kills stays that of the run before. */
  | { readonly kind: 'start-failed'; readonly exitCode: number; readonly error: string }
  /** Changes nothing when the state is that of another run. */
  | { readonly kind: 'oom'; readonly run: number; readonly oom: OomFacts }
  /** Changes nothing when nothing runs: a probe may end after its container. */
  | { readonly kind: 'health'; readonly health: HealthState | undefined }
  | { readonly kind: 'removing' }
  | { readonly kind: 'dead'; readonly error: string }
  | { readonly kind: 'restart-count-reset' };

const ANY: readonly ContainerStatus[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

/** In which states a change may come; the README has it as a diagram. */
const ALLOWED: { readonly [K in StateChange['kind']]: readonly ContainerStatus[] } = {
  started: ['created', 'exited', 'restarting'],
  paused: ['running'],
  unpaused: ['paused'],
  exited: ['running', 'paused', 'restarting'],
  restarting: ['running', 'paused'],
  'start-failed': ['created', 'exited', 'restarting'],
  oom: ANY,
  health: ANY,
  removing: ['created', 'exited', 'dead'],
  dead: ['removing'],
  'restart-count-reset': ['created', 'running', 'paused', 'restarting', 'exited'],
};

/** Of a container that was just created. */
export const NEW_STATE: ContainerState = {
  status: 'created',
  run: 0,
  pid: 0,
  exitCode: 0,
  error: '',
  startedAt: '',
  finishedAt: '',
  oom: NO_OOM,
  restartCount: 0,
  health: undefined,
};

/**
 * The one function that changes the state of a container. The state that it is given stays as it is.
 * @throws InternalError `ERR_TRANSITION` for a change that cannot come now; what a user may ask for now is checked before
 */
export function transition(state: ContainerState, change: StateChange): ContainerState {
  if (!ALLOWED[change.kind].includes(state.status)) throw illegal(state, change);
  switch (change.kind) {
    case 'started': {
      // A number used twice would mix what is known of two runs.
      if (change.run <= state.run) throw illegal(state, change);
      const { run, pid, startedAt, oom, health } = change;
      return { ...state, status: 'running', run, pid, startedAt, oom, health, exitCode: 0, error: '' };
    }
    case 'paused':
      return { ...state, status: 'paused' };
    case 'unpaused':
      return { ...state, status: 'running' };
    case 'exited':
      if (state.status === 'restarting') return { ...state, status: 'exited' };
      return { ...state, status: 'exited', pid: 0, exitCode: change.exitCode, finishedAt: change.finishedAt };
    case 'restarting': {
      const { exitCode, finishedAt } = change;
      return { ...state, status: 'restarting', pid: 0, exitCode, finishedAt, restartCount: state.restartCount + 1 };
    }
    case 'start-failed': {
      const status = state.status === 'restarting' ? 'exited' : state.status;
      return { ...state, status, exitCode: change.exitCode, error: change.error };
    }
    case 'oom':
      return change.run === state.run && state.run > 0 ? { ...state, oom: mergeOom(state.oom, change.oom) } : state;
    case 'health':
      return hasProcesses(state) ? { ...state, health: change.health } : state;
    case 'removing':
      return { ...state, status: 'removing' };
    case 'dead':
      return { ...state, status: 'dead', error: change.error };
    case 'restart-count-reset':
      return { ...state, restartCount: 0 };
  }
}

/** Whether processes of it live, as far as the record knows. */
export function hasProcesses(state: ContainerState): boolean {
  return state.status === 'running' || state.status === 'paused';
}

function illegal(state: ContainerState, change: StateChange): InternalError {
  const run = change.kind === 'started' ? ` as run ${change.run} after run ${state.run}` : '';
  return new InternalError(`change a container that is ${state.status}: ${change.kind}${run} cannot come now`, {
    code: 'ERR_TRANSITION',
    fields: { status: state.status, change: change.kind, run: state.run },
  });
}
