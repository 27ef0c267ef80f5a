import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { deviceNumber } from './device-number.js';
import { devicesOf } from './devices.js';

const NULL = { type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 };

describe('devicesOf', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'devices-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('makes nothing, and allows the harmless, by default', async () => {
    const { devices, rules } = await devicesOf({});
    assert.deepEqual(devices, []);
    assert.deepEqual(rules[0], { allow: false, access: 'rwm' });
    assert.ok(rules.some(({ allow, major, minor }) => allow && major === 1 && minor === 3));
    assert.ok(rules.some(({ allow, major, minor }) => !allow && major === 10 && minor === 229));
  });

  it('takes a device by a link, under the name and with the rights that were given', async () => {
    const link = join(folder, 'link');
    await symlink('/dev/null', link);
    const { devices, rules } = await devicesOf({
      Devices: [{ PathOnHost: link, PathInContainer: '/dev/x', CgroupPermissions: 'r' }],
    });
    assert.deepEqual(devices, [{ path: '/dev/x', ...NULL }]);
    assert.deepEqual(rules.at(-1), { allow: true, type: 'c', major: 1, minor: 3, access: 'r' });
  });

  it('refuses what is not there, and what is no device', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const asked = (PathOnHost: string) => devicesOf({ Devices: [{ PathOnHost, PathInContainer: '/dev/x' }] });
    const message = (path: string, reason: string) => ({
      name: 'InvalidArgumentError',
      message: `error gathering device information while adding custom device "${path}": ${reason}`,
    });
    await assert.rejects(asked('/dev/nope'), message('/dev/nope', 'no such file or directory'));
    await assert.rejects(asked(file), message(file, 'not a device node'));
    await assert.rejects(asked(folder), message(folder, 'not a device node'));
  });

  it('reads rules as `docker run` takes them', async () => {
    const { rules } = await devicesOf({ DeviceCgroupRules: ['c 7:* rm', 'b *:4 w', 'a *:* rwm'] });
    assert.deepEqual(rules.slice(-3), [
      { allow: true, type: 'c', major: 7, minor: -1, access: 'rm' },
      { allow: true, type: 'b', major: -1, minor: 4, access: 'w' },
      { allow: true, type: 'a', major: -1, minor: -1, access: 'rwm' },
    ]);
    for (const rule of ['x 1:1 r', 'c 1 r', 'c 1:1 rwmr', 'c 1:1']) {
      await assert.rejects(devicesOf({ DeviceCgroupRules: [rule] }), {
        message: `invalid device cgroup rule format: '${rule}'`,
      });
    }
  });

  it('gives a privileged container the devices of the host, each once', async () => {
    const { devices, rules } = await devicesOf({
      Privileged: true,
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/zero' }],
    });
    const paths = devices.map(({ path }) => path);
    assert.equal(new Set(paths).size, paths.length);
    assert.ok(paths.includes('/dev/null') && !paths.includes('/dev/console'));
    assert.ok(!paths.some((path) => path.startsWith('/dev/pts/') || path.startsWith('/dev/shm/')));
    assert.deepEqual(
      devices.find(({ path }) => path === '/dev/zero'),
      { path: '/dev/zero', ...NULL },
    );
    assert.deepEqual(rules, [{ allow: true, access: 'rwm' }]);
  });
});

describe('deviceNumber', () => {
  it('unpacks small numbers and those beyond 8 and 12 bits', () => {
    assert.deepEqual(deviceNumber(0x103n), { major: 1, minor: 3 });
    // makedev(0x12345, 0x6789a)
    assert.deepEqual(deviceNumber(0x0001_2000_6783_459an), { major: 0x12345, minor: 0x6789a });
  });
});
