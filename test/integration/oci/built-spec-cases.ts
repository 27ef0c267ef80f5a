import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crunRefuses, missing } from '../host/requirements.js';
import { SpecRuns } from './run-spec.js';

const MIB = 1024 * 1024;

/** Lines `name=value` or `name: value`. */
function fields(output: string): Map<string, string> {
  return new Map(
    output.split('\n').flatMap((line) => {
      const [, name, value] = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()]];
    }),
  );
}

export interface BuiltSpecOptions {
  /** Only what a runtime makes of it through the cgroup: limits and devices. @default false */
  readonly brief?: boolean;
}

/** What a container sees that runs by a built spec, on cgroup v1 and v2. */
export function builtSpecCases(runtime: 'runc' | 'crun', { brief = false }: BuiltSpecOptions = {}): void {
  const skip = missing(runtime, 'busybox') || (runtime === 'crun' && crunRefuses());

  describe(`a built spec, run by ${runtime}`, { skip }, () => {
    let runs: SpecRuns;
    before(async () => {
      runs = await SpecRuns.start(runtime);
      await mkdir(join(runs.rootfs, 'home/app'), { recursive: true });
      await writeFile(
        join(runs.rootfs, 'etc/passwd'),
        'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n',
      );
      await writeFile(join(runs.rootfs, 'etc/group'), 'root:x:0:\napp:x:1000:\nextra:x:2000:app\nmore:x:3000:\n');
    });
    after(() => runs?.stop());

    it('is confined as Docker confines by default', async () => {
      const output = await runs.output({
        script: `
          echo hostname=$(hostname); echo cwd=$(pwd); echo id=$(id -u):$(id -g); echo path=$PATH; echo home=$HOME
          grep -E '^(CapEff|CapBnd|CapInh|NoNewPrivs|Seccomp):' /proc/self/status
          echo kcore=$(cat /proc/kcore | wc -c); echo firmware=$(ls /sys/firmware | wc -l)
          (echo 1 > /proc/sys/kernel/panic) 2>/dev/null && echo sysctl=written || echo sysctl=refused
          mkdir /sys/fs/cgroup/${runs.host.cgroupVersion === 2 ? '' : 'memory/'}x 2>/dev/null && echo cgroup=written || echo cgroup=refused
          (echo x > /file) && echo root=written
          head -c 4 /dev/zero | wc -c; (echo x > /dev/null) && echo null=written
          echo ping=$(cat /proc/sys/net/ipv4/ping_group_range | tr '\t' ' ')
          echo score=$(cat /proc/self/oom_score_adj)
          grep -E ' /(dev/shm|dev/mqueue|dev/pts|sys) ' /proc/mounts | cut -d' ' -f2,3,4 | tr ' ' '='`,
      });
      const found = fields(output);
      assert.equal(found.get('hostname'), 'spec-run');
      assert.equal(found.get('cwd'), '/');
      assert.equal(found.get('id'), '0:0');
      assert.equal(found.get('home'), '/root');
      assert.match(found.get('path') ?? '', /^\/usr\/local\/sbin:.*:\/bin$/);
      assert.equal(found.get('CapEff'), found.get('CapBnd'));
      assert.equal(found.get('CapInh'), '0000000000000000');
      // At most Docker's fourteen; less where this process has less.
      assert.equal(BigInt(`0x${found.get('CapEff')}`) & ~0xa80425fbn, 0n);
      assert.equal(found.get('NoNewPrivs'), '0');
      assert.equal(found.get('Seccomp'), '2');
      assert.equal(found.get('kcore'), '0');
      assert.equal(found.get('firmware'), '0');
      assert.equal(found.get('sysctl'), 'refused');
      assert.equal(found.get('cgroup'), 'refused');
      assert.equal(found.get('root'), 'written');
      assert.equal(found.get('null'), 'written');
      assert.equal(found.get('ping'), '0 2147483647');
      assert.equal(found.get('score'), '0');
      assert.match(found.get('/dev/shm') ?? '', /^tmpfs=.*noexec.*size=65536k/);
      assert.match(found.get('/dev/mqueue') ?? '', /^mqueue=/);
      assert.match(found.get('/dev/pts') ?? '', /^devpts=.*gid=5/);
      assert.match(found.get('/sys') ?? '', /^sysfs=ro/);
    });

    it('has the limits in its cgroup', async () => {
      const isV2 = runs.host.cgroupVersion === 2;
      const files = isV2
        ? 'memory.max memory.low memory.swap.max cpu.max cpuset.cpus pids.max'
        : 'memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes memory/memory.memsw.limit_in_bytes ' +
          'memory/memory.swappiness cpu/cpu.shares cpu/cpu.cfs_quota_us cpuset/cpuset.cpus pids/pids.max';
      const output = await runs.output({
        hostConfig: {
          Memory: 64 * MIB,
          MemoryReservation: 32 * MIB,
          MemorySwappiness: 20,
          NanoCpus: 290_000_000,
          CpuShares: 512,
          CpusetCpus: '0',
          PidsLimit: 50,
        },
        script: `cd /sys/fs/cgroup; for f in ${files}; do echo $f=$(cat $f); done`,
      });
      const found = fields(output);
      const expected = isV2
        ? {
            'memory.max': 64 * MIB,
            'memory.low': 32 * MIB,
            'memory.swap.max': 64 * MIB,
            'cpu.max': '29000 100000',
            'cpuset.cpus': 0,
            'pids.max': 50,
          }
        : {
            'memory/memory.limit_in_bytes': 64 * MIB,
            'memory/memory.soft_limit_in_bytes': 32 * MIB,
            'memory/memory.memsw.limit_in_bytes': 128 * MIB,
            'memory/memory.swappiness': 20,
            'cpu/cpu.shares': 512,
            'cpu/cpu.cfs_quota_us': 29_000,
            'cpuset/cpuset.cpus': 0,
            'pids/pids.max': 50,
          };
      for (const [file, value] of Object.entries(expected)) assert.equal(found.get(file), String(value), file);
    });

    it('may do with devices what it was allowed', { skip: !existsSync('/dev/fuse') && 'needs /dev/fuse' }, async () => {
      const output = await runs.output({
        hostConfig: {
          Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse0', CgroupPermissions: 'r' }],
        },
        script: `
          ls -l /dev/fuse0
          (: < /dev/fuse0) && echo read=done
          (: > /dev/fuse0) 2>/dev/null && echo write=done || echo write=refused`,
      });
      const found = fields(output);
      assert.match(output, /^c.* 10, +229 /m);
      assert.equal(found.get('read'), 'done');
      assert.equal(found.get('write'), 'refused');
    });

    it('has the run of the host when it is privileged', async () => {
      const output = await runs.output({
        hostConfig: { Privileged: true },
        script: `
          grep -E '^(CapEff|Seccomp):' /proc/self/status; ls -l /dev/kmsg
          grep -E ' /sys ' /proc/mounts | cut -d' ' -f2,4 | tr ' ' '='
          mkdir /tmp/m && mount -t tmpfs none /tmp/m && echo mount=done`,
      });
      const found = fields(output);
      const own = fields(await readFile('/proc/self/status', 'utf8'));
      assert.equal(found.get('CapEff'), own.get('CapBnd'));
      assert.equal(found.get('Seccomp'), '0');
      assert.match(output, /^c.* 1, +11 /m);
      assert.match(found.get('/sys') ?? '', /^rw/);
      assert.equal(found.get('mount'), 'done');
    });

    if (brief) return;
    it('runs as the user, with the limits and in the place that it was asked for', async () => {
      const output = await runs.output({
        config: { User: 'app', WorkingDir: '/work/below', Env: ['A=1', 'PATH=/bin'], Domainname: 'd.example' },
        hostConfig: {
          GroupAdd: ['more'],
          OomScoreAdj: 100,
          ReadonlyRootfs: true,
          SecurityOpt: ['no-new-privileges'],
          Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '99' },
          Ulimits: [
            { Name: 'nofile', Soft: 100, Hard: 200 },
            { Name: 'core', Soft: -1, Hard: -1 },
          ],
        },
        script: `
          id; echo cwd=$(pwd); echo path=$PATH; echo a=$A; echo home=$HOME
          echo files=$(ulimit -Sn):$(ulimit -Hn); echo core=$(ulimit -Hc)
          echo domain=$(cat /proc/sys/kernel/domainname); echo port=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
          echo score=$(cat /proc/self/oom_score_adj); grep NoNewPrivs /proc/self/status
          (echo x > /tmp/file) 2>/dev/null && echo root=written || echo root=refused
          (echo x > /dev/shm/file) && echo shm=written`,
      });
      assert.match(output, /uid=1000\(app\) gid=1000\(app\) groups=.*2000\(extra\).*3000\(more\)/);
      const found = fields(output.replace(/^uid=.*\n/, ''));
      assert.equal(found.get('cwd'), '/work/below');
      assert.equal(found.get('path'), '/bin');
      assert.equal(found.get('a'), '1');
      assert.equal(found.get('home'), '/home/app');
      assert.equal(found.get('files'), '100:200');
      assert.equal(found.get('core'), 'unlimited');
      assert.equal(found.get('domain'), 'd.example');
      assert.equal(found.get('port'), '99');
      assert.equal(found.get('score'), '100');
      assert.equal(found.get('NoNewPrivs'), '1');
      assert.equal(found.get('root'), 'refused');
      assert.equal(found.get('shm'), 'written');
    });

    it('puts the init process before the command', { skip: missing('docker-init') }, async () => {
      const output = await runs.output({
        hostConfig: { Init: true },
        rest: { initPath: '/usr/bin/docker-init' },
        script: `echo pid=$$; echo init=$(cat /proc/1/cmdline | tr '\\0' ' ')`,
      });
      const found = fields(output);
      assert.notEqual(found.get('pid'), '1');
      assert.match(found.get('init') ?? '', /^\/sbin\/docker-init -- \/bin\/sh/);
    });

    it('sees the mounts that it was given, one in the other', async () => {
      const [outer, inner, file] = [join(runs.folder, 'outer'), join(runs.folder, 'inner'), join(runs.folder, 'hosts')];
      await mkdir(join(outer, 'b'), { recursive: true });
      await mkdir(inner, { recursive: true });
      await writeFile(join(inner, 'here'), 'inner');
      await writeFile(file, '127.0.0.1 mine\n');
      const output = await runs.output({
        hostConfig: {
          ShmSize: MIB,
          Tmpfs: { '/t': 'size=1m,exec' },
          Mounts: [{ Type: 'tmpfs', Target: '/t/t', TmpfsOptions: { SizeBytes: 2 * MIB, Mode: 0o700 } }],
        },
        rest: {
          mounts: [
            { source: inner, destination: '/a/b', readOnly: true },
            { source: outer, destination: '/a' },
          ],
          files: { hosts: file, hostname: file },
        },
        script: `
          echo inner=$(cat /a/b/here)
          (echo x > /a/b/new) 2>/dev/null && echo readonly=written || echo readonly=refused
          (echo x > /a/new) && echo writable=written
          echo hosts=$(cat /etc/hosts)
          grep -E ' /(t|t/t|dev/shm) ' /proc/mounts | cut -d' ' -f2,4 | tr ' ' '='`,
      });
      const found = fields(output);
      assert.equal(found.get('inner'), 'inner');
      assert.equal(found.get('readonly'), 'refused');
      assert.equal(found.get('writable'), 'written');
      assert.equal(found.get('hosts'), '127.0.0.1 mine');
      assert.match(found.get('/dev/shm') ?? '', /size=1024k/);
      assert.match(found.get('/t') ?? '', /^rw,nosuid,nodev,relatime,size=1024k/);
      assert.match(found.get('/t/t') ?? '', /noexec.*size=2048k,mode=700/);
    });

    it('shares the namespaces that it was told to', async () => {
      const script = 'for n in net ipc pid uts mnt; do echo $n=$(busybox readlink /proc/self/ns/$n); done';
      const names = ['net', 'ipc', 'pid', 'uts', 'mnt'];
      const here = new Map(
        await Promise.all(names.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)] as const)),
      );
      const apart = fields(await runs.output({ script }));
      for (const name of names) assert.notEqual(apart.get(name), here.get(name), name);

      const hostConfig = { NetworkMode: 'host', IpcMode: 'host', PidMode: 'host', UTSMode: 'host' };
      const shared = fields(await runs.output({ script, hostConfig }));
      for (const name of ['net', 'ipc', 'pid', 'uts']) assert.equal(shared.get(name), here.get(name), name);
      assert.notEqual(shared.get('mnt'), here.get('mnt'));

      const donor = await runs.detached({ script: 'exec sleep 60' });
      try {
        const joined = { network: donor.pid, ipc: donor.pid, pid: donor.pid };
        const modes = { NetworkMode: 'container:x', IpcMode: 'container:x', PidMode: 'container:x' };
        const peer = fields(await runs.output({ script, hostConfig: modes, rest: { joined } }));
        for (const name of ['net', 'ipc', 'pid']) {
          assert.equal(peer.get(name), await readlink(`/proc/${donor.pid}/ns/${name}`), name);
        }
        assert.notEqual(peer.get('uts'), await readlink(`/proc/${donor.pid}/ns/uts`));
      } finally {
        await donor.end();
      }
    });
  });
}
