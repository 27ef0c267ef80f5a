import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { EngineHost, execIn, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

describe('namespaces of containers', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start();
  });
  after(() => host.stop());

  function namespace(c: EngineContainer, name: string): Promise<string> {
    return readlink(`/proc/${c.inspect().State.Pid}/ns/${name}`);
  }

  async function out(c: EngineContainer, script: string): Promise<string> {
    return (await execIn(c, '/bin/sh', '-c', script)).out.trim();
  }

  it('are joined by name, id or the beginning of an id, with hostname and files of the network', async () => {
    const donor = await host.running(
      { ...SLEEP, Hostname: 'donor', Domainname: 'example.org' },
      { IpcMode: 'shareable', ExtraHosts: ['other:10.0.0.1'], ShmSize: 4 * 1024 * 1024 },
      'donor',
    );
    const c = await host.running(SLEEP, {
      NetworkMode: 'container:donor',
      PidMode: `container:${donor.id}`,
      IpcMode: `container:${donor.id.slice(0, 12)}`,
    });
    for (const name of ['net', 'pid', 'ipc'])
      assert.equal(await namespace(c, name), await namespace(donor, name), name);
    for (const name of ['uts', 'mnt']) assert.notEqual(await namespace(c, name), await namespace(donor, name), name);
    assert.equal(await out(c, 'hostname; cat /etc/hostname; echo $HOSTNAME'), 'donor\ndonor\ndonor');
    assert.match(await out(c, 'cat /etc/hosts'), /10\.0\.0\.1\s+other/);
    assert.equal(c.inspect().Config.Hostname, 'donor');
    await execIn(donor, '/bin/sh', '-c', 'echo shared >/dev/shm/file');
    assert.equal(await out(c, 'cat /dev/shm/file'), 'shared');
    assert.match(await out(c, 'grep " /dev/shm " /proc/mounts'), /size=4096k/);
    // A third has them of the one who has joined.
    const third = await host.running(SLEEP, { NetworkMode: `container:${c.id}` });
    assert.equal(await namespace(third, 'net'), await namespace(donor, 'net'));
    assert.equal(await out(third, 'hostname'), 'donor');
    // What is updated or started again still goes with the hostname that it was given.
    await third.update({ PidsLimit: 100 });
    await third.restart({ timeoutSeconds: 0 });
    assert.equal(await out(third, 'hostname'), 'donor');
  });

  it('need a container that runs, and one that shares its /dev/shm', async () => {
    const donor = await host.create(SLEEP, {}, 'idle');
    const modes = [
      [
        { NetworkMode: 'container:idle' },
        /cannot join network of a non running container|network namespace of a non run/,
      ],
      [{ PidMode: 'container:idle' }, /cannot join PID namespace of a non running container/],
      [{ IpcMode: 'container:idle' }, /cannot join IPC namespace of a non running container/],
      [{ NetworkMode: 'container:nobody' }, /No such container: nobody/],
    ] as const;
    for (const [mode, message] of modes) {
      const c = await host.create(SLEEP, mode);
      await assert.rejects(c.start(), message);
      assert.equal(c.inspect().State.Status, 'created');
      assert.equal(c.inspect().State.ExitCode, 128);
    }
    await donor.start();
    const joins = await host.create(SLEEP, { IpcMode: 'container:idle' });
    await assert.rejects(joins.start(), /non-shareable IPC/);
  });

  it('are those of the host where that is asked for', async () => {
    const c = await host.running(SLEEP, { NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', UTSMode: 'host' });
    for (const name of ['net', 'pid', 'ipc', 'uts']) {
      assert.equal(await namespace(c, name), await readlink(`/proc/self/ns/${name}`), name);
    }
    const onNetwork = await host.running(SLEEP, { NetworkMode: 'host' });
    assert.notEqual(await namespace(onNetwork, 'uts'), await readlink('/proc/self/ns/uts'));
    assert.equal(await out(onNetwork, 'hostname; cat /etc/hostname'), `${hostname()}\n${hostname()}`);
    assert.equal(onNetwork.inspect().Config.Hostname, hostname());
    const named = await host.running({ ...SLEEP, Hostname: 'mine' }, { NetworkMode: 'host' });
    assert.equal(await out(named, 'hostname'), 'mine');
  });

  it('of a shared /dev/shm lose it with the container that made it, not before', async () => {
    const donor = await host.running(SLEEP, { IpcMode: 'shareable' });
    const c = await host.running(SLEEP, { IpcMode: `container:${donor.id}` });
    await execIn(c, '/bin/sh', '-c', 'echo kept >/dev/shm/file');
    const shmMounts = async () =>
      (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(`/shm/${donor.id}`));
    assert.equal((await shmMounts()).length, 1);
    await donor.stop({ timeoutSeconds: 0 });
    assert.deepEqual(await shmMounts(), []);
    assert.equal(await out(c, 'cat /dev/shm/file'), 'kept');
    await donor.start();
    assert.equal(await out(donor, 'ls /dev/shm'), '');
    const without = await host.running(SLEEP, { IpcMode: 'none' });
    assert.equal(await out(without, 'grep -c " /dev/shm " /proc/mounts'), '0');
  });

  it('have an init process as pid 1 when it is asked for, that reaps', {
    skip: missing('tini-static') && missing('docker-init'),
  }, async () => {
    const c = await host.running(sh('(sleep 0.1 & exec sleep 0) & sleep 1000'), { Init: true });
    assert.match(await out(c, 'tr "\\0" " " </proc/1/cmdline'), /^\/sbin\/docker-init -- \/bin\/sh -c /);
    const ended = c.wait('next-exit', WAIT);
    await c.stop({ timeoutSeconds: 10 });
    assert.equal((await ended).exitCode, 143);
  });
});
