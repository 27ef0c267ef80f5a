import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { knownCapabilities } from './capabilities.js';
import { execProcess } from './exec-process.js';
import type { OciSpec } from './runtime-spec.js';

const capabilities = { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] };
const kept = {
  capabilities,
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
  noNewPrivileges: true,
  apparmorProfile: 'a',
  oomScoreAdj: 5,
  ioPriority: { class: 'IOPRIO_CLASS_BE' },
};
const user = { uid: 7, gid: 8, additionalGids: [8] };
const SPEC: OciSpec = {
  ociVersion: '1.0.2',
  hostname: 'h',
  process: {
    ...kept,
    user,
    terminal: true,
    consoleSize: { height: 1, width: 2 },
    args: ['init'],
    env: ['HOME=/seven'],
    cwd: '/',
  },
};

describe('execProcess', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exec-process-'));
    await mkdir(join(folder, 'etc'));
    await writeFile(join(folder, 'etc/passwd'), 'ann:x:1000:1001::/home/ann:/bin/sh\n');
  });
  after(() => rm(folder, { recursive: true }));

  const view = () => ({ layers: [folder] });

  it("is the container's process but for command, environment and terminal", async () => {
    const process = await execProcess(SPEC, { Cmd: ['ls'] }, view(), { Env: ['A=1', 'B=1'], WorkingDir: '/w' });
    const { env, ...rest } = process;
    assert.deepEqual(rest, { ...kept, user, args: ['ls'], cwd: '/w' });
    assert.deepEqual(env?.slice(1), ['HOSTNAME=h', 'A=1', 'B=1', 'HOME=/seven']);
  });

  it('takes user, folder, environment and terminal of its own', async () => {
    const exec = { Cmd: ['sh'], User: 'ann', WorkingDir: '/x', Env: ['A=2', 'B'], Tty: true, ConsoleSize: [24, 80] };
    const process = await execProcess(
      SPEC,
      { ...exec, ConsoleSize: [24, 80] },
      view(),
      { Env: ['A=1', 'B=1'], Hostname: 'own' },
      { GroupAdd: ['5'] },
    );
    assert.deepEqual(process.user, { uid: 1000, gid: 1001, additionalGids: [1001, 5] });
    assert.deepEqual(process.env?.slice(1), ['HOSTNAME=own', 'TERM=xterm', 'A=2', 'HOME=/home/ann']);
    assert.deepEqual([process.cwd, process.terminal, process.consoleSize], ['/x', true, { height: 24, width: 80 }]);
  });

  it('gives a privileged exec all capabilities and lifts nothing else', async () => {
    const process = await execProcess(SPEC, { Cmd: ['sh'], Privileged: true }, view(), {});
    assert.deepEqual(process.capabilities?.effective, knownCapabilities());
    assert.equal(process.noNewPrivileges, true);
  });

  it('refuses no command, a folder that is not absolute, and nobody', async () => {
    await assert.rejects(execProcess(SPEC, { Cmd: [] }, view(), {}), /no exec command specified/);
    await assert.rejects(
      execProcess(SPEC, { Cmd: ['a'], WorkingDir: 'b' }, view(), {}),
      /needs to be an absolute path/,
    );
    await assert.rejects(
      execProcess(SPEC, { Cmd: ['a'], User: 'bob' }, view(), {}),
      /unable to find user bob: no matching entries in passwd file/,
    );
  });
});
