import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { InternalError, InvalidArgumentError, NotFoundError, NotImplementedError } from '../../errdefs/index.js';
import type { ProcessSummary } from '../../libcontainerd/types.js';
import { row } from './proc-table.js';
import { processTable } from './process-table.js';

function taskOf(pids: number[], summaries: ProcessSummary[] = []) {
  return { pids: async () => pids, summary: async () => summaries };
}

describe('processTable', { skip: process.platform === 'win32' && 'needs a shell' }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-top-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** A ps of the test's own. */
  async function psOf(name: string, script: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  it('asks ps for these processes, with -ef when nothing is said', async () => {
    const ps = await psOf('ps-args', 'echo "PID ARGS"; echo "7 $*"; echo "9 $*"');
    for (const args of [undefined, '', ' ']) {
      assert.deepEqual(await processTable(taskOf([7, 8]), args, { ps }), {
        Titles: ['PID', 'ARGS'],
        Processes: [['7', '-ef -q7,8']],
      });
    }
    assert.deepEqual((await processTable(taskOf([9]), 'aux  -o pid', { ps })).Processes, [['9', 'aux -o pid -q9']]);
  });

  it('asks for all where ps does not take -q', async () => {
    const ps = await psOf('ps-no-q', 'case "$*" in *-q*) exit 1;; esac; echo "PID ARGS"; echo "7 $*"; echo "8 x"');
    assert.deepEqual((await processTable(taskOf([7]), '-f', { ps })).Processes, [['7', '-f']]);
  });

  it('tells why ps failed', async () => {
    const ps = await psOf('ps-fails', 'echo "error: unknown option" >&2; echo "usage" >&2; exit 1');
    await assert.rejects(processTable(taskOf([7]), '-x', { ps }), (err: unknown) => {
      return err instanceof InternalError && err.message === 'ps: error: unknown option';
    });
    const silent = await psOf('ps-silent', 'exit 4');
    await assert.rejects(processTable(taskOf([7]), '-x', { ps: silent }), /ps: it ended with 4/);
  });

  it('refuses a column that is called PID and is none, before anything is run', async () => {
    const ps = join(folder, 'never');
    await assert.rejects(processTable(taskOf([7]), 'o ppid=PID', { ps }), InvalidArgumentError);
    await assert.rejects(processTable(taskOf([7]), '-oppid=PID', { ps }), InvalidArgumentError);
  });

  it('does not take a task that is gone for a ps that is missing', async () => {
    const task = { ...taskOf([]), pids: () => Promise.reject(new NotFoundError('list pids')) };
    await assert.rejects(processTable(task, undefined), NotFoundError);
  });

  it('makes the columns itself where there is no ps', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    const ps = join(folder, 'not-there');
    const { Titles, Processes } = await processTable(taskOf([process.pid, 2 ** 22 + 1]), undefined, { ps });
    assert.deepEqual(Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    assert.equal(Processes.length, 1);
    const own = Processes[0] ?? [];
    assert.deepEqual([own.length, own[1], own[2]], [8, String(process.pid), String(process.ppid)]);
    assert.match(own[4] ?? '', /^\d\d:\d\d$|^[A-Z][a-z]{2}\d\d$/);
    assert.ok(own[7]?.includes('node'), own[7]);
    await assert.rejects(processTable(taskOf([process.pid]), 'aux', { ps }), NotImplementedError);
  });

  it('shows what a backend tells on Windows, and takes no arguments there', async () => {
    const summaries = [
      {
        pid: 7,
        imageName: 'cmd.exe',
        kernelTimeNs: 3_600_000_000_000n,
        userTimeNs: 61_002_900_000n,
        privateWorkingSetBytes: 1_234_567n,
      },
      { pid: 8 },
      { pid: 9, imageName: 'idle', kernelTimeNs: 0n, userTimeNs: 0n, privateWorkingSetBytes: 999n },
    ];
    assert.deepEqual(await processTable(taskOf([], summaries), undefined, { platform: 'win32' }), {
      Titles: ['Name', 'PID', 'CPU', 'Private Working Set'],
      Processes: [
        ['cmd.exe', '7', '01:01:01.002', '1.235MB'],
        ['', '8', '', ''],
        ['idle', '9', '00:00:00.000', '999B'],
      ],
    });
    await assert.rejects(processTable(taskOf([]), 'aux', { platform: 'win32' }), InvalidArgumentError);
  });
});

describe('row', () => {
  const now = new Date(2024, 4, 10, 12, 0, 0);
  const base = { pid: 7, ppid: 1, uid: 0, startedAt: now, cpuSeconds: 0, tty: 0, command: 'sh -c x' };
  const column = (index: number, part: Partial<typeof base>) =>
    row({ ...base, ...part }, new Map([[0, 'root']]), now)[index];

  it('is written as ps does', () => {
    assert.deepEqual(row(base, new Map([[0, 'root']]), now), [
      'root',
      '7',
      '1',
      '0',
      '12:00',
      '?',
      '00:00:00',
      'sh -c x',
    ]);
    assert.equal(column(0, { uid: 1_234 }), '1234');
    assert.equal(column(3, { startedAt: new Date(now.getTime() - 100_000), cpuSeconds: 25 }), '25');
    assert.equal(column(3, { cpuSeconds: 1_000 }), '99');
    assert.equal(column(4, { startedAt: new Date(2024, 4, 9, 23, 0) }), 'May09');
    assert.equal(column(4, { startedAt: new Date(2023, 11, 31) }), '2023');
    assert.equal(column(5, { tty: (136 << 8) | 3 }), 'pts/3');
    assert.equal(column(5, { tty: (137 << 8) | 1 }), 'pts/257');
    assert.equal(column(5, { tty: (4 << 8) | 1 }), 'tty1');
    assert.equal(column(6, { cpuSeconds: 3_725 }), '01:02:05');
    assert.equal(column(6, { cpuSeconds: 2 * 86_400 + 3_600 }), '2-01:00:00');
  });
});
