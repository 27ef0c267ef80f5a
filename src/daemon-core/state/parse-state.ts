import { checkedObject } from './checked-object.js';
import { hasProcesses } from './container-state.js';
import type { ContainerState, HealthResult, HealthState, OomFacts, OomVictim } from './record.js';

const STATUSES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'] as const;

/** @throws Error that names the field */
export function parseState(value: unknown, path: string): ContainerState {
  const fields = checkedObject(value, path);
  const state: ContainerState = {
    status: fields.oneOf('status', STATUSES),
    run: fields.count('run'),
    pid: fields.count('pid'),
    exitCode: fields.integer('exitCode'),
    error: fields.string('error'),
    startedAt: fields.string('startedAt'),
    finishedAt: fields.string('finishedAt'),
    oom: parseOom(fields.value('oom'), `${path}.oom`),
    restartCount: fields.count('restartCount'),
    health: fields.has('health') ? parseHealth(fields.value('health'), `${path}.health`) : undefined,
  };
  // Each field may be right and the whole be none that `transition` can give. A backend may not know the pid of what runs.
  if (state.pid > 0 && !hasProcesses(state))
    throw new Error(`${path}.pid is ${state.pid} of a container that is ${state.status}`);
  return state;
}

/** @throws Error that names the field */
export function parseOom(value: unknown, path: string): OomFacts {
  const fields = checkedObject(value, path);
  return {
    killed: fields.boolean('killed'),
    kills: fields.count('kills'),
    victims: fields.array('victims', parseVictim),
  };
}

function parseVictim(value: unknown, path: string): OomVictim {
  const fields = checkedObject(value, path);
  return {
    process: fields.string('process'),
    ...(fields.has('pid') ? { pid: fields.count('pid') } : {}),
    ...(fields.has('cgroup') ? { cgroup: fields.string('cgroup') } : {}),
    at: fields.string('at'),
  };
}

function parseHealth(value: unknown, path: string): HealthState {
  const fields = checkedObject(value, path);
  return {
    Status: fields.oneOf('Status', HEALTH),
    FailingStreak: fields.count('FailingStreak'),
    Log: fields.array('Log', parseHealthResult),
  };
}

function parseHealthResult(value: unknown, path: string): HealthResult {
  const fields = checkedObject(value, path);
  return {
    Start: fields.string('Start'),
    End: fields.string('End'),
    ExitCode: fields.integer('ExitCode'),
    Output: fields.string('Output'),
  };
}
