import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Filters } from '../filters.js';
import type { EngineEventType } from './engine-event.js';
import { matchesEvent } from './event-filter.js';
import { EventLog } from './event-log.js';

const log = new EventLog();
const web = { name: 'web', image: 'alpine:3', tier: 'front' };
const EVENTS = {
  start: log.publish('container', 'start', 'abc123', web),
  healthy: log.publish('container', 'health_status: healthy', 'abc123', web),
  exec: log.publish('container', 'exec_create: ls -l', 'abc123', web),
  other: log.publish('container', 'start', 'def456', { name: 'db', image: 'postgres' }),
  pull: log.publish('image', 'pull', 'alpine:3', { name: 'alpine' }),
  mount: log.publish('volume', 'mount', 'data', { driver: 'local' }),
  connect: log.publish('network', 'connect', 'net1', { name: 'bridge', container: 'abc123' }),
  reload: log.publish('daemon', 'reload', 'host-id', { name: 'myhost' }),
} as const;

function passing(fields: Record<string, string[]>): string {
  return Object.entries(EVENTS)
    .filter(([, event]) => matchesEvent(event, Filters.of(fields)))
    .map(([name]) => name)
    .join(' ');
}

describe('matchesEvent', () => {
  const ALL = Object.keys(EVENTS).join(' ');
  const cases: readonly [Record<string, string[]>, string][] = [
    [{}, ALL],
    [{ unknown: ['x'] }, ALL],
    [{ scope: ['local'] }, ALL],
    [{ scope: ['swarm'] }, ''],
    [{ container: ['abc123'] }, 'start healthy exec'],
    [{ container: ['ab'] }, 'start healthy exec'],
    [{ container: ['web'] }, 'start healthy exec'],
    [{ container: ['web', 'db'] }, 'start healthy exec other'],
    [{ container: ['c123'] }, ''],
    [{ event: ['start'] }, 'start other'],
    [{ event: ['star'] }, ''],
    [{ event: ['health_status'] }, 'healthy'],
    [{ event: ['health_status: healthy'] }, 'healthy'],
    [{ event: ['health_status: unhealthy'] }, ''],
    [{ event: ['exec_create'] }, 'exec'],
    [{ event: ['exec_create', 'start'] }, 'start exec other'],
    [{ type: ['image', 'volume'] }, 'pull mount'],
    [{ type: ['container'], event: ['start'], container: ['db'] }, 'other'],
    [{ image: ['alpine'] }, 'start healthy exec pull'],
    [{ image: ['alpine:3'] }, 'start healthy exec pull'],
    [{ image: ['alpine:4'] }, ''],
    [{ image: ['postgres'] }, 'other'],
    [{ volume: ['dat'] }, 'mount'],
    [{ network: ['bridge'] }, 'connect'],
    [{ daemon: ['myhost'] }, 'reload'],
    [{ daemon: ['host-id'] }, 'reload'],
    [{ label: ['tier=front'] }, 'start healthy exec'],
    [{ label: ['tier'] }, 'start healthy exec'],
    [{ label: ['tier', 'tier=back'] }, ''],
  ];
  for (const [fields, expected] of cases) {
    it(`lets ${expected || 'nothing'} through ${JSON.stringify(fields)}`, () =>
      assert.equal(passing(fields), expected));
  }

  it('knows the types of events', () => {
    const types: readonly EngineEventType[] = ['builder', 'plugin'];
    for (const type of types) {
      const event = log.publish(type, 'prune', '', {});
      assert.ok(matchesEvent(event, Filters.of({ type: [type] })));
    }
  });
});
