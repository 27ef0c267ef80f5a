import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../log/logger.js';
import { makeFifos } from '../../platform/fifo.js';
import { isAlive } from '../../platform/process.js';
import { LogKeeper, type OpenRequest } from './log-keeper.js';

/** FIFOs as a shim has them, with no shim: the test is the process that prints. */
describe('the log keeper as an engine has it', { skip: process.platform !== 'linux' }, () => {
  let folder: string;
  let options: { socketPath: string; logPath: string; log: ReturnType<typeof createLogger> };
  const keepers: LogKeeper[] = [];
  const fds: number[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-keeper-'));
    options = { socketPath: join(folder, 'socket'), logPath: join(folder, 'troubles'), log: createLogger() };
  });
  afterEach(async () => {
    for (const keeper of keepers.splice(0)) keeper.close();
    await LogKeeper.retire(options.socketPath);
    for (const fd of fds.splice(0)) closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<LogKeeper> {
    const keeper = await LogKeeper.start(options);
    keepers.push(keeper);
    return keeper;
  }

  /** Both outputs of a process; it ends when it closes them. */
  async function makeProcess(id: string, run = 1): Promise<{ request: OpenRequest; out: number; end: () => void }> {
    const [stdout, stderr] = [join(folder, `${id}-stdout`), join(folder, `${id}-stderr`)];
    await makeFifos([stdout, stderr]);
    const opened = [stdout, stderr].map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    fds.push(...opened);
    const log = {
      folder,
      attributes: {},
      maxSizeBytes: undefined,
      maxFiles: 1,
      compress: false,
      dropAboveBytes: undefined,
    };
    const end = () => {
      for (const fd of opened) closeSync(fds.splice(fds.indexOf(fd), 1)[0] ?? fd);
    };
    return { request: { id, run, stdout, stderr, log }, out: opened[0] ?? 0, end };
  }

  function written(id: string): string {
    const lines = readFileSync(join(folder, `${id}-json.log`), 'utf8')
      .split('\n')
      .filter(Boolean);
    return lines.map((line): string => JSON.parse(line).log).join('');
  }

  it('has written all when it says that a run is finished', async () => {
    const keeper = await start();
    const { request, out, end } = await makeProcess('c1');
    await keeper.open(request);
    await keeper.open(request);
    writeSync(out, 'one\ntwo');
    end();
    await keeper.finish('c1');
    assert.equal(written('c1'), 'one\ntwo');
    await keeper.finish('c1');
    await keeper.finish('unknown');
  });

  it('goes on with the next run of a container, whatever became of the last', async () => {
    const keeper = await start();
    const first = await makeProcess('c1', 1);
    await keeper.open(first.request);
    writeSync(first.out, 'first\n');
    rmSync(first.request.stdout);
    rmSync(first.request.stderr);
    const second = await makeProcess('c1', 2);
    await keeper.open(second.request);
    writeSync(second.out, 'second\n');
    second.end();
    await keeper.finish('c1');
    assert.ok(written('c1').endsWith('second\n'));
  });

  it('is found again by the next engine, and has gone on meanwhile', async () => {
    const before = await start();
    const { request, out, end } = await makeProcess('c1');
    await before.open(request);
    before.close();
    writeSync(out, 'while nobody was there\n');
    end();
    const after = await start();
    assert.equal(after.pid, before.pid);
    await after.open(request);
    await after.finish('c1');
    assert.equal(written('c1'), 'while nobody was there\n');
  });

  it('is started again when it was killed, also in the middle of a finish', async () => {
    const keeper = await start();
    const { request, out, end } = await makeProcess('c1');
    await keeper.open(request);
    const { pid } = keeper;
    process.kill(pid, 'SIGSTOP');
    writeSync(out, 'in the pipe\n');
    const finished = keeper.finish('c1');
    process.kill(pid, 'SIGKILL');
    await finished.catch(() => assert.fail('a finish outlives the keeper'));
    end();
    assert.notEqual(keeper.pid, pid);
    assert.equal(written('c1'), 'in the pipe\n');
  });

  it('says what cannot be opened, and keeps the others', async () => {
    const keeper = await start();
    const { request, out, end } = await makeProcess('c1');
    await keeper.open(request);
    await assert.rejects(keeper.open({ ...request, id: 'c2', stdout: join(folder, 'none') }));
    const unwritable = { ...request.log, folder: join(folder, 'missing') };
    await assert.rejects(keeper.open({ ...request, id: 'c3', log: unwritable }), { name: 'NotFoundError' });
    writeSync(out, 'goes on\n');
    end();
    await keeper.finish('c1');
    assert.equal(written('c1'), 'goes on\n');
  });

  it('lets go when an engine that writes by itself has come', async () => {
    const keeper = await start();
    const { request, out, end } = await makeProcess('c1');
    await keeper.open(request);
    writeSync(out, 'one\n');
    keeper.close();
    await LogKeeper.retire(options.socketPath);
    assert.equal(written('c1'), 'one\n');
    writeSync(out, 'for the next one\n');
    while (isAlive(keeper.pid)) await new Promise((resolve) => setImmediate(resolve));
    await LogKeeper.retire(options.socketPath);
    const next = await start();
    await next.open(request);
    end();
    await next.finish('c1');
    assert.equal(written('c1'), 'one\nfor the next one\n');
  });

  it('is not waited for without end when it does not answer', async (t) => {
    const server = createServer(() => {});
    t.after(() => server.close());
    server.listen(options.socketPath);
    await once(server, 'listening');
    await assert.rejects(LogKeeper.start(options, { timeoutMs: 50 }), { name: 'DeadlineExceededError' });
    await assert.rejects(LogKeeper.retire(options.socketPath, { timeoutMs: 50 }), { name: 'DeadlineExceededError' });
    rmSync(options.socketPath);
  });
});
