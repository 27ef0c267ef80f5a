import { NEW_STATE } from '../../../src/daemon-core/state/container-state.js';
import type { ContainerRecord } from '../../../src/daemon-core/state/record.js';

/** A record with a little of everything. */
export function sampleRecord(id: string, change: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    version: 1,
    id,
    name: `name-of-${id}`,
    createdAt: '2026-01-02T03:04:05.000Z',
    config: { Image: 'busybox', Cmd: ['sh', '-c', 'true'], Env: ['A=b'], Labels: { tier: 'back "end"\n' }, Tty: false },
    hostConfig: {
      Runtime: 'runc',
      Memory: 16 * 1024 * 1024,
      Binds: ['/srv:/data:ro'],
      AutoRemove: false,
      MaskedPaths: [],
      Init: true,
    },
    rootfs: { kind: 'overlay', layers: ['/layers/2', '/layers/1'] },
    mounts: [
      { type: 'bind', source: '/srv', destination: '/data', readOnly: true, propagation: 'rprivate', mode: 'ro' },
      {
        type: 'volume',
        name: 'v1',
        driver: 'local',
        destination: '/v',
        readOnly: false,
        propagation: '',
        mode: 'z',
        anonymous: true,
        noCopy: true,
        subpath: 'a/b',
      },
    ],
    state: NEW_STATE,
    manuallyStopped: false,
    startedBefore: false,
    starting: undefined,
    ...change,
  };
}

/** In its n-th run. */
export function runningRecord(id: string, run: number, change: Partial<ContainerRecord> = {}): ContainerRecord {
  const state = { ...NEW_STATE, status: 'running', run, pid: 4242, startedAt: '2026-01-02T03:04:06.000Z' } as const;
  return sampleRecord(id, { state, startedBefore: true, ...change });
}
