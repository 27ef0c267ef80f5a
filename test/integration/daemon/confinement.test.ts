import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ContainerConfig, EngineContainer, HostConfig } from '../../../src/daemon-core/index.js';
import { missing } from '../host/requirements.js';
import { EngineHost, execIn, logOf, SLEEP, sh } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };

/** That what is asked of the engine arrives in the container; what each option does is tested with the spec builder. */
describe('what a container may', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start({ containerDefaults: { ulimits: [{ Name: 'nofile', Soft: 500, Hard: 600 }] } });
    await writeFile(join(host.rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n');
    await writeFile(join(host.rootfs, 'etc/group'), 'root:x:0:\napp:x:1001:\nmore:x:3000:\n');
  });
  after(() => host.stop());

  /** What the script printed as the container's own process. */
  async function printed(script: string, hostConfig: HostConfig, config: ContainerConfig = {}): Promise<string> {
    const c = await host.create({ ...sh(script), ...config }, hostConfig);
    const ended = c.wait('next-exit', WAIT);
    await c.start();
    await ended;
    const text = await logOf(c);
    await c.remove();
    return text;
  }

  async function out(c: EngineContainer, script: string): Promise<string> {
    return (await execIn(c, '/bin/sh', '-c', `(${script}) 2>&1`)).out.trim();
  }

  it('is what its user, limits and kernel settings say', async () => {
    const text = await printed(
      'id -u; id -G; echo $HOME; pwd; ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj; cat /proc/sys/net/ipv4/ip_forward; grep NoNewPrivs /proc/self/status',
      {
        GroupAdd: ['more'],
        Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
        OomScoreAdj: 321,
        Sysctls: { 'net.ipv4.ip_forward': '1' },
        SecurityOpt: ['no-new-privileges'],
      },
      { User: 'app', WorkingDir: '/made/here' },
    );
    const expected = ['1000', '1001 3000', '/home/app', '/made/here', '500', '600', '0', '321', '1', 'NoNewPrivs:\t1'];
    assert.deepEqual(text.trim().split('\n'), expected);
  });

  it('has the capabilities of Docker, less and more as asked', async () => {
    const has = async (capability: number, hostConfig: HostConfig) => {
      const text = await printed('grep CapEff /proc/self/status', hostConfig);
      return ((BigInt(`0x${text.trim().split(/\s+/)[1]}`) >> BigInt(capability)) & 1n) === 1n;
    };
    const [CHOWN, NET_ADMIN, SYS_ADMIN] = [0, 12, 21] as const;
    assert.deepEqual(await Promise.all([has(CHOWN, {}), has(NET_ADMIN, {})]), [true, false]);
    const changed = { CapAdd: ['NET_ADMIN'], CapDrop: ['CAP_CHOWN'] };
    assert.deepEqual(await Promise.all([has(CHOWN, changed), has(NET_ADMIN, changed)]), [false, true]);
    const few = { CapAdd: ['chown'], CapDrop: ['ALL'] };
    assert.deepEqual(await Promise.all([has(CHOWN, few), has(5, few)]), [true, false]);
    assert.equal(await has(SYS_ADMIN, { Privileged: true }), true);
    await assert.rejects(host.create(SLEEP, { CapAdd: ['NONSENSE'] }), { name: 'InvalidArgumentError' });
  });

  it('does not see what is masked, unless it is privileged or was told otherwise', async () => {
    const script = 'cat /proc/timer_list | wc -c; (echo 1 >/proc/sys/kernel/printk_ratelimit) 2>&1; mkdir /sys/fs/x';
    const masked = await printed(`(${script}) 2>&1`, {});
    assert.match(masked, /^0\n/);
    assert.equal(masked.match(/Read-only file system/g)?.length, 2, masked);
    const c = await host.running(SLEEP, { Privileged: true });
    assert.match(await out(c, 'cat /proc/timer_list'), /^Timer List Version/);
    assert.equal(await out(c, 'mount -t tmpfs x /tmp && echo mounted'), 'mounted');
    const open = await host.running(SLEEP, { MaskedPaths: [], ReadonlyPaths: [] });
    assert.equal(await out(open, 'grep -c " /proc/[a-z]" /proc/mounts'), '0');
  });

  it('uses the devices that it is given', { skip: !existsSync('/dev/fuse') && 'needs /dev/fuse' }, async () => {
    const c = await host.running(SLEEP, {
      Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/mine', CgroupPermissions: 'r' }],
    });
    assert.equal(await out(c, 'exec 3</dev/mine && echo opened'), 'opened');
    assert.match(await out(c, 'exec 3>/dev/mine'), /Operation not permitted/);
    const none = { Devices: [{ PathOnHost: '/dev/nothing', PathInContainer: '/dev/nothing' }] };
    await assert.rejects((await host.create(SLEEP, none)).start(), /error gathering device information/);
  });
});
