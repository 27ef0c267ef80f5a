import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../log/logger.js';
import { makeFifos } from '../platform/fifo.js';
import { KernelLog } from './kernel-log.js';
import { parseKernelLogLine } from './kernel-log-line.js';

const choice = (sequence: number, pid: number, cgroup: string, name = 'sh') =>
  `6,${sequence},22875608373,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,` +
  `oom_memcg=/parent,task_memcg=${cgroup},task=${name},pid=${pid},uid=0\n`;
const kill = (sequence: number, pid: number, name = 'sh') =>
  `3,${sequence},22875608393,-;Memory cgroup out of memory: Killed process ${pid} (${name}) total-vm:26852kB, ` +
  'anon-rss:16004kB, file-rss:1456kB, shmem-rss:0kB, UID:0 pgtables:76kB oom_score_adj:1\n';

describe('parseKernelLogLine', () => {
  const read = (line: string) => parseKernelLogLine(line.trimEnd());

  it('reads whom the kernel chooses, and whom it kills', () => {
    assert.deepEqual(read(choice(7, 42, '/docker/web')), {
      sequence: 7,
      says: 'choice',
      pid: 42,
      name: 'sh',
      cgroup: '/docker/web',
    });
    assert.deepEqual(read(kill(8, 42)), { sequence: 8, says: 'kill', pid: 42, name: 'sh', cgroup: undefined });
  });

  it('reads a kill for want of memory of the whole machine', () => {
    const text =
      '6,9,1,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,' +
      'task_memcg=/docker/web,task=node,pid=43,uid=1000';
    assert.equal(read(text)?.cgroup, '/docker/web');
    assert.equal(read('3,10,1,-;Out of memory: Killed process 43 (node) total-vm:1kB, anon-rss:1kB')?.pid, 43);
  });

  it('is not misled by the name that a process gives itself', () => {
    assert.equal(read(choice(1, 42, '/web', 'a,pid=1,uid=0'))?.pid, 42);
    assert.equal(read(kill(1, 42, 'a) total-vm:'))?.pid, 42);
    assert.equal(read(kill(1, 42, '\\x0a3,9,9,-;\\xc3\\xa9'))?.name, '\n3,9,9,-;é');
  });

  it('believes the kernel only, not what programs write into its log', () => {
    assert.equal(read(choice(1, 42, '/web').replace(/^6/, '14'))?.says, 'other');
    assert.equal(read(kill(1, 42).replace(/^3/, '11'))?.says, 'other');
    assert.equal(read('6,2,1,-;sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL)')?.says, 'other');
  });

  it('passes over what is no record', () => {
    for (const line of ['', ' SUBSYSTEM=memory', 'oom-kill:', '6,x,1,-;text'])
      assert.equal(read(line), undefined, line);
  });
});

const skip = process.platform === 'linux' ? false : `needs Linux, this is ${process.platform}`;

describe('KernelLog', { skip }, () => {
  let folder: string;
  let path: string;
  let namespaces: string;
  let opened: KernelLog | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kernel-log-'));
    path = join(folder, 'kmsg');
    namespaces = join(folder, 'ns');
    await mkdir(namespaces);
    await symlink('pid:[4026531836]', join(namespaces, 'pid'));
    await symlink('cgroup:[4026531835]', join(namespaces, 'cgroup'));
  });
  afterEach(async () => {
    opened?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(): Promise<KernelLog> {
    opened = await KernelLog.open({ log: createLogger(), path, namespaces });
    assert.ok(opened);
    return opened;
  }

  it('reads what there is when it is opened, and what is new when it is asked', async () => {
    await writeFile(path, choice(1, 10, '/a') + kill(2, 10));
    const log = await open();
    assert.equal(log.mark, 2);
    assert.deepEqual(await log.kills(), [{ sequence: 1, pid: 10, name: 'sh', cgroup: '/a', killed: true }]);
    await appendFile(path, choice(3, 11, '/b'));
    const [, second] = await log.kills();
    assert.deepEqual(second, { sequence: 3, pid: 11, name: 'sh', cgroup: '/b', killed: false });
    await appendFile(path, kill(4, 11) + kill(5, 12));
    const all = await Promise.all([log.kills(), log.kills()]);
    for (const kills of all) {
      assert.deepEqual(
        kills.map(({ pid, cgroup, killed }) => [pid, cgroup, killed]),
        [
          [10, '/a', true],
          [11, '/b', true],
          [12, undefined, true],
        ],
      );
    }
    assert.equal(log.mark, 5);
  });

  it('does not take a later process of the same pid for the one that was chosen', async () => {
    await writeFile(path, choice(1, 10, '/a') + choice(2, 11, '/b') + kill(3, 11) + kill(4, 10));
    const kills = await (await open()).kills();
    assert.deepEqual(
      kills.map(({ pid, cgroup, killed }) => [pid, cgroup, killed]),
      [
        [10, '/a', false],
        [11, '/b', true],
        [10, undefined, true],
      ],
    );
  });

  it('keeps the last thousand', async () => {
    let text = '';
    for (let i = 1; i <= 1100; i++) text += choice(i, i, '/a');
    await writeFile(path, text);
    // A file gives many records in one read, the last of them in part; the device does not.
    const kills = await (await open()).kills();
    assert.equal(kills.length, 1000);
    assert.equal(kills.at(-1)?.pid, 1100);
  });

  it('waits for nothing where the end of the log is no end of file', async () => {
    await makeFifos([path]);
    const writer = openSync(path, constants.O_RDWR);
    try {
      const log = await open();
      writeSync(writer, kill(1, 10));
      assert.equal((await log.kills()).length, 1);
      writeSync(writer, kill(2, 11));
      assert.equal((await log.kills()).length, 2);
    } finally {
      closeSync(writer);
    }
  });

  it('gives what is known after it was closed', async () => {
    await writeFile(path, kill(1, 10));
    const log = await open();
    log.close();
    log.close();
    await appendFile(path, kill(2, 11));
    assert.equal((await log.kills()).length, 1);
  });

  it('is none where there is no such device, or where pids have other names', async () => {
    assert.equal(await KernelLog.open({ log: createLogger(), path, namespaces }), undefined);
    await writeFile(path, '');
    await rm(join(namespaces, 'pid'));
    await symlink('pid:[4026532000]', join(namespaces, 'pid'));
    assert.equal(await KernelLog.open({ log: createLogger(), path, namespaces }), undefined);
  });
});
