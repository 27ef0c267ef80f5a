import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { EngineHost, execIn, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

describe('mounts of containers', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  async function out(c: EngineContainer, script: string): Promise<string> {
    return (await execIn(c, '/bin/sh', '-c', `(${script}) 2>&1`)).out.trim();
  }

  function volumeFolder(name: string): string {
    return join(host.folder, 'root/volumes', name);
  }

  it('bind folders and files of the host, and make a missing one of -v', async () => {
    const data = join(host.folder, 'data');
    await mkdir(data);
    await writeFile(join(data, 'file'), 'of the host\n');
    const made = join(host.folder, 'made/below');
    const c = await host.running(SLEEP, {
      Binds: [`${data}:/data`, `${data}:/readonly:ro`, `${data}/file:/one`, `${made}:/made`],
      Mounts: [{ Type: 'bind', Source: data, Target: '/also', ReadOnly: true }],
    });
    assert.equal(await out(c, 'cat /data/file /one /also/file'), 'of the host\nof the host\nof the host');
    assert.match(await out(c, 'echo x >/readonly/file; echo x >/also/file'), /(Read-only file system[\s\S]*){2}/);
    await out(c, 'echo written >/data/new; touch /made/x');
    assert.equal(await readFile(join(data, 'new'), 'utf8'), 'written\n');
    assert.ok(existsSync(join(made, 'x')));
    const shown = c.inspect().Mounts.find(({ Destination }) => Destination === '/readonly');
    assert.deepEqual(shown, {
      Type: 'bind',
      Source: data,
      Destination: '/readonly',
      Mode: 'ro',
      RW: false,
      Propagation: 'rprivate',
    });
    const mount = { Type: 'bind', Source: join(host.folder, 'none'), Target: '/x' } as const;
    await assert.rejects(host.create(SLEEP, { Mounts: [mount] }), /bind source path does not exist: /);
  });

  it('keep named volumes, and remove anonymous ones only when that is asked for', async () => {
    const writes = { ...sh('echo x >>/named/file; echo x >>/own/file'), Volumes: { '/own': {} } };
    const c = await host.create(writes, { Binds: ['named:/named'] });
    const anonymous = c.inspect().Mounts.find(({ Destination }) => Destination === '/own')?.Name ?? '';
    assert.match(anonymous, /^[0-9a-f]{64}$/);
    for (let times = 0; times < 2; times++) {
      const ended = c.wait('next-exit', WAIT);
      await c.start();
      assert.equal((await ended).exitCode, 0);
    }
    const other = await host.running(SLEEP, { VolumesFrom: [`${c.id}:ro`] });
    assert.equal(await out(other, 'cat /named/file /own/file | wc -l'), '4');
    assert.match(await out(other, 'echo x >/named/file'), /Read-only file system/);
    await c.remove({ volumes: true });
    assert.ok(existsSync(volumeFolder(anonymous)), 'another container uses it');
    await other.remove({ force: true, volumes: true });
    assert.ok(!existsSync(volumeFolder(anonymous)));
    assert.ok(existsSync(volumeFolder('named')));
    const again = await host.running(SLEEP, { Binds: ['named:/again'] });
    assert.equal(await out(again, 'wc -l </again/file'), '2');
  });

  it('go with a container of --rm when they are its own, and stay with any other', async () => {
    const config = { ...sh('exit 0'), Volumes: { '/own': {} } };
    const nameOf = (c: EngineContainer) => c.inspect().Mounts[0]?.Name ?? '';
    const stays = await host.create(config);
    const goes = await host.create(config, { AutoRemove: true });
    const names = [stays, goes].map(nameOf);
    for (const c of [stays, goes]) {
      const ended = c.wait(c === goes ? 'removed' : 'next-exit', WAIT);
      await c.start();
      await ended;
    }
    await stays.remove();
    assert.deepEqual(
      names.map((name) => existsSync(volumeFolder(name))),
      [true, false],
    );
  });

  it('may be of memory, and leave a read-only root nothing else to write to', async () => {
    const c = await host.running(SLEEP, {
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'size=1m,mode=1777' },
      Mounts: [{ Type: 'tmpfs', Target: '/work', TmpfsOptions: { SizeBytes: 2 * 1024 * 1024, Mode: 0o700 } }],
    });
    assert.match(await out(c, 'touch /x'), /Read-only file system/);
    assert.equal(await out(c, 'touch /tmp/x /work/x /dev/shm/x && echo done'), 'done');
    assert.match(await out(c, 'grep " /tmp " /proc/mounts'), /nosuid,nodev,noexec.*size=1024k/);
    assert.match(await out(c, 'grep " /work " /proc/mounts'), /size=2048k,mode=700/);
    assert.match(await out(c, 'head -c 1500000 /dev/zero >/tmp/big || wc -c </tmp/big'), /^1048576$/m);
    // Nothing of it outlives the run, and a restart finds it empty.
    await c.restart({ timeoutSeconds: 0 });
    assert.equal(await out(c, 'ls /tmp /work'), '/tmp:\n\n/work:');
  });
});
