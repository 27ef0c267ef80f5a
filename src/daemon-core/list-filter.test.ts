import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError, NotFoundError } from '../errdefs/index.js';
import { Filters } from './filters.js';
import { compareNewestFirst, listFilter, matchesPrune, pruneFilter } from './list-filter.js';
import { NEW_STATE } from './state/container-state.js';
import type { ContainerRecord, ContainerState, MountPoint } from './state/record.js';

function record(name: string, part: Partial<Omit<ContainerRecord, 'state'>>, state: Partial<ContainerState>) {
  return {
    version: 1,
    id: `${name}-id`,
    name,
    createdAt: '2024-05-01T12:00:00Z',
    config: {},
    hostConfig: {},
    rootfs: { kind: 'folder', path: '/' },
    mounts: [],
    manuallyStopped: false,
    startedBefore: false,
    starting: undefined,
    ...part,
    state: { ...NEW_STATE, ...state },
  } satisfies ContainerRecord;
}

const STARTED = { run: 1, startedAt: '2024-05-01T12:01:00Z' };
const DATA: MountPoint = {
  type: 'volume',
  name: 'data',
  source: '/var/data',
  destination: '/srv',
  readOnly: false,
  propagation: '',
  mode: '',
};
const BIND: MountPoint = {
  type: 'bind',
  source: '/host',
  destination: '/in',
  readOnly: true,
  propagation: '',
  mode: '',
};

const web = record(
  'web',
  {
    createdAt: '2024-05-01T10:00:00Z',
    config: { Image: 'alpine', Labels: { tier: 'front', keep: '' }, ExposedPorts: { '80/tcp': {}, '90-92/udp': {} } },
    hostConfig: {
      PortBindings: { '443/tcp': [{ HostPort: '8443' }], '53/udp': [{ HostPort: '5300-5302' }], '1/tcp': null },
    },
    mounts: [DATA],
  },
  { ...STARTED, status: 'running', health: { Status: 'healthy', FailingStreak: 0, Log: [] } },
);
const db = record(
  'db',
  {
    createdAt: '2024-05-01T11:00:00Z',
    config: { Image: 'docker.io/library/postgres:16', Labels: { tier: 'back' } },
    hostConfig: { NetworkMode: 'inner' },
    mounts: [BIND],
  },
  { ...STARTED, status: 'exited', exitCode: 3 },
);
const fresh = record('web-2', { createdAt: '2024-05-01T12:00:00Z', hostConfig: { NetworkMode: 'container:web' } }, {});
const again = record(
  'again',
  { createdAt: '2024-05-01T12:00:00Z', config: { Image: 'alpine:3' } },
  {
    ...STARTED,
    status: 'restarting',
    exitCode: 3,
  },
);
const ALL = [web, db, fresh, again];

const find = (ref: string): ContainerRecord => {
  const found = ALL.find(({ id, name }) => id === ref || name === ref);
  if (found === undefined) throw new NotFoundError(`No such container: ${ref}`);
  return found;
};

function listed(fields: Record<string, string[]>): string {
  const { matches } = listFilter(Filters.of(fields), { find });
  return ALL.filter(matches)
    .map(({ name }) => name)
    .join(' ');
}

describe('listFilter', () => {
  const cases: readonly [Record<string, string[]>, string][] = [
    [{}, 'web db web-2 again'],
    [{ id: ['web'] }, 'web web-2'],
    [{ id: ['db-id', 'again-i'] }, 'db again'],
    [{ id: ['b-id'] }, ''],
    [{ name: ['web'] }, 'web web-2'],
    [{ name: ['^web$'] }, 'web'],
    [{ name: ['^/web$', 'db'] }, 'web db'],
    [{ id: ['web'], name: ['db'] }, ''],
    [{ label: ['tier'] }, 'web db'],
    [{ label: ['tier=front', 'keep'] }, 'web'],
    [{ status: ['exited', 'created'] }, 'db web-2'],
    [{ status: ['restarting'] }, 'again'],
    [{ exited: ['3'] }, 'db'],
    [{ exited: ['0'] }, ''],
    [{ exited: ['0', '3'] }, 'db'],
    [{ health: ['healthy'] }, 'web'],
    [{ health: ['none'] }, 'db web-2 again'],
    [{ 'is-task': ['true'] }, ''],
    [{ 'is-task': ['false'] }, 'web db web-2 again'],
    [{ isolation: ['hyperv'] }, 'web db web-2 again'],
    [{ before: ['db'] }, 'web'],
    [{ since: ['db'] }, 'web-2 again'],
    [{ before: ['web-2'], since: ['web'] }, 'db'],
    [{ before: ['again'] }, 'web db web-2'],
    [{ since: ['web-2'] }, 'again'],
    [{ ancestor: ['alpine'] }, 'web'],
    [{ ancestor: ['alpine:latest', 'library/alpine:3'] }, 'web again'],
    [{ ancestor: ['postgres:16'] }, 'db'],
    [{ ancestor: ['postgres'] }, ''],
    [{ volume: ['data'] }, 'web'],
    [{ volume: ['/srv'] }, 'web'],
    [{ volume: ['/var/data'] }, ''],
    [{ volume: ['/host', '/nowhere'] }, 'db'],
    [{ network: ['bridge'] }, 'web again'],
    [{ network: ['inner'] }, 'db'],
    [{ expose: ['80'] }, 'web'],
    [{ expose: ['91/udp'] }, 'web'],
    [{ expose: ['91'] }, ''],
    [{ expose: ['443'] }, 'web'],
    [{ publish: ['8443/tcp'] }, 'web'],
    [{ publish: ['5301/udp'] }, 'web'],
    [{ publish: ['8000-9000'] }, 'web'],
    [{ publish: ['443'] }, ''],
    [{ publish: ['443'], expose: ['80'] }, 'web'],
  ];
  for (const [fields, expected] of cases) {
    it(`lets ${expected || 'nothing'} through ${JSON.stringify(fields)}`, () => assert.equal(listed(fields), expected));
  }

  const wrong: readonly [Record<string, string[]>, string][] = [
    [{ colour: ['red'] }, "invalid filter 'colour'"],
    [{ until: ['1h'] }, "invalid filter 'until'"],
    [{ exited: ['x'] }, `invalid filter 'exited=x': parsing "x": invalid syntax`],
    [
      { status: ['up'] },
      "invalid filter 'status=up': invalid value for state (up): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
    [
      { health: ['sick'] },
      "invalid filter 'health=sick': invalid value for health (sick): must be one of none, starting, healthy, unhealthy",
    ],
    [{ 'is-task': ['maybe'] }, "invalid filter 'is-task=[maybe]'"],
    [{ publish: ['80:80'] }, "filter for 'publish' should not contain ':': 80:80"],
    [{ expose: ['90-80'] }, 'error while looking up for expose 90-80: invalid port range'],
    [{ expose: ['70000'] }, 'error while looking up for expose 70000: invalid port range'],
  ];
  for (const [fields, message] of wrong) {
    it(`refuses ${JSON.stringify(fields)}`, () => {
      assert.throws(
        () => listed(fields),
        (err: unknown) => err instanceof InvalidArgumentError && err.message === message,
      );
    });
  }

  it('refuses a container that is not there', () => {
    assert.throws(() => listed({ before: ['gone'] }), NotFoundError);
    assert.throws(() => listed({ since: ['gone'] }), NotFoundError);
  });

  it('asks for all when a status is asked for', () => {
    const all = (fields: Record<string, string[]>) => listFilter(Filters.of(fields), { find }).all;
    assert.deepEqual([all({ status: ['exited'] }), all({ exited: ['0'] }), all({})], [true, false, false]);
  });

  it('asks others of networks and images', () => {
    const filters = Filters.of({ network: ['0123'], ancestor: ['base'] });
    const { matches } = listFilter(filters, {
      find,
      networksOf: () => [{ name: 'inner', id: '012345' }],
      isFrom: ({ name }, image) => name === 'web' && image === 'base',
    });
    assert.deepEqual(ALL.filter(matches), [web]);
  });
});

describe('compareNewestFirst', () => {
  it('sorts by age, then by id', () => {
    assert.deepEqual(
      [...ALL].sort(compareNewestFirst).map(({ name }) => name),
      ['again', 'web-2', 'db', 'web'],
    );
    assert.equal(compareNewestFirst(web, web), 0);
  });
});

describe('pruneFilter', () => {
  const now = new Date('2024-05-01T12:30:00Z');
  const pruned = (fields: Record<string, string[]>) => {
    const matches = pruneFilter(Filters.of(fields), now);
    return ALL.filter(matches)
      .map(({ name }) => name)
      .join(' ');
  };
  const cases: readonly [Record<string, string[]>, string][] = [
    [{}, 'web db web-2 again'],
    [{ until: ['1h'] }, 'web db'],
    [{ until: ['2024-05-01T10:00:00Z'] }, 'web'],
    [{ until: ['0'] }, ''],
    [{ label: ['tier'] }, 'web db'],
    [{ 'label!': ['tier=front'] }, 'db web-2 again'],
    [{ 'label!': ['tier', 'keep'] }, 'db web-2 again'],
    [{ label: ['tier'], 'label!': ['keep'] }, 'db'],
  ];
  for (const [fields, expected] of cases) {
    it(`takes ${expected || 'nothing'} with ${JSON.stringify(fields)}`, () => assert.equal(pruned(fields), expected));
  }

  it('refuses what is wrong', () => {
    assert.throws(() => pruned({ name: ['x'] }), /invalid filter 'name'/);
    assert.throws(() => pruned({ until: ['1h', '2h'] }), /more than one until filter specified/);
    assert.throws(() => pruned({ until: ['soon'] }), InvalidArgumentError);
  });

  it('looks at one container', () => {
    assert.equal(matchesPrune(web, Filters.of({ label: ['keep'] })), true);
    assert.equal(matchesPrune(db, Filters.of({ label: ['keep'] })), false);
  });
});
