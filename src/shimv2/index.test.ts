import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EngineError, isCanceled, isNotImplemented } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { DeleteResponse, TaskDefinition } from '../protocol/gen/containerd/shim/task_v2.js';
import { TtrpcServer } from '../protocol/ttrpc/index.js';
import { encodeMessage } from '../protocol/wire/index.js';
import { readBootstrap, readShimBinary, readShimRecord } from '../shim/bundle-files.js';
import type { ShimParams } from '../shim/shim.js';
import { shimV2 } from './index.js';

/** Shims that are shell scripts, in a bundle that is the test's folder. */
describe('the dialect of shim API v2', () => {
  let folder = '';
  let params: ShimParams;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-'));
    params = {
      namespace: 'ns',
      id: 'c1',
      bundle: { namespace: 'ns', id: 'c1', path: folder },
      binary: join(folder, 'containerd-shim-test-v2'),
      options: undefined,
      eventSocket: join(folder, 'e'),
      address: join(folder, 'a'),
      publisher: '/p',
      debug: false,
      log: createLogger({ level: 'silent' }),
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function shim(start: string, remove = 'exit 1'): Promise<void> {
    const script = `#!/bin/sh
for last; do :; done
case "$last" in
-v) echo "  Version:  1.7.0" ;;
start) ${start} ;;
delete) ${remove} ;;
esac
`;
    await writeFile(params.binary, script);
    await chmod(params.binary, 0o755);
  }

  it('notes in the bundle how the shim is found again', async () => {
    const server = new TtrpcServer();
    server.register(TaskDefinition, { connect: async () => ({ shimPid: 4711, taskPid: 0, version: '' }) });
    await server.listen(join(folder, 's'));
    await shim(`echo unix://${folder}/s`);
    const connected = await shimV2.start(params);
    assert.deepEqual([connected.pid, connected.apiVersion], [4711, 2]);
    const bootstrap = { version: 2, address: `unix://${folder}/s`, protocol: 'ttrpc' };
    assert.deepEqual(await readBootstrap(params.bundle), bootstrap);
    assert.equal(await readShimBinary(params.bundle), params.binary);
    assert.deepEqual(await readShimRecord(params.bundle), { api: 'v2', pid: 4711 });
    connected.close();
    assert.ok(isCanceled(await connected.closed));
    await server.close();
  });

  it('tells what a shim logged that ended at once', async () => {
    await shim(`echo 'level=fatal msg="no such runtime"' >log; echo unix://${folder}/s`);
    await assert.rejects(shimV2.start(params), (err) => {
      assert.ok(err instanceof EngineError);
      assert.equal(err.code, 'ERR_SHIM_START');
      assert.match(err.message, /start shim of c1: it ended at once: no such runtime/);
      return true;
    });
    assert.ok(!(await readdir(folder)).includes('bootstrap.json'));
    await shim(`echo '{"version":5,"address":"unix://${folder}/s","protocol":"ttrpc"}'`);
    await assert.rejects(shimV2.start(params), isNotImplemented);
  });

  it('takes the word of the delete for how a task ended', async () => {
    const exitedAt = new Date('2026-01-02T03:04:05Z');
    const answer = join(folder, 'answer');
    await writeFile(answer, encodeMessage(DeleteResponse, { pid: 4711, exitStatus: 9, exitedAt }));
    await shim('exit 1', `echo "$@" >${folder}/args; echo a warning >&2; cat ${answer}`);
    assert.deepEqual(await shimV2.cleanup(params), { pid: 4711, exitStatus: 9, exitedAt });
    const args = await readFile(join(folder, 'args'), 'utf8');
    assert.match(args, new RegExp(`-id c1 -bundle ${folder} delete$`, 'm'));
  });

  it('takes nobody for ended well because the delete said nothing', async () => {
    for (const remove of ['exit 0', 'exit 1', 'printf "\\377"', 'sleep 100']) {
      await shim('exit 1', remove);
      const before = Date.now();
      const { pid, exitStatus, exitedAt } = await shimV2.cleanup(params, { timeoutMs: 200 });
      assert.deepEqual([pid, exitStatus], [0, 137], remove);
      assert.ok(exitedAt.getTime() >= before - 1);
    }
  });

  it('dates an exit of which the shim knows no time by the cleanup', async () => {
    const answer = join(folder, 'answer');
    const zero = new Date('0001-01-01T00:00:00Z');
    await writeFile(answer, encodeMessage(DeleteResponse, { pid: 1, exitStatus: 137, exitedAt: zero }));
    await shim('exit 1', `cat ${answer}`);
    assert.ok((await shimV2.cleanup(params)).exitedAt.getFullYear() > 2000);
  });

  it('stops a cleanup when asked to', async () => {
    await shim('exit 1', 'sleep 100');
    const aborter = new AbortController();
    const cleaning = assert.rejects(shimV2.cleanup(params, { signal: aborter.signal }), isCanceled);
    aborter.abort();
    await cleaning;
  });
});
