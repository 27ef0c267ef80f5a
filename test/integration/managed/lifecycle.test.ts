import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { ManagedContainerd } from '../../../src/libcontainerd/remote/managed/index.js';
import { freeze } from '../host/freeze.js';
import { ctr, leftovers, pidOf, place, whySkip } from './fixture.js';

const skip = whySkip();

/** A containerd of Debian in name only: it tells a version, and does `script` when it is to run. */
function bogus(dir: string, script: string): string {
  const path = join(dir, 'bogus-containerd');
  const version = 'containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3';
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo '${version}'; exit; fi\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('managed containerd: life', { skip, timeout: 120_000 }, () => {
  it('starts, answers, and stops without a trace', async (t) => {
    const at = place(t);
    const managed = at.managed();
    const states: string[] = [];
    managed.onStateChange((state) => states.push(state.kind));
    assert.equal(managed.pid, undefined);
    await managed.start();
    assert.deepEqual(at.pids(), [pidOf(managed)]);
    assert.match(ctr(managed, 'version'), /Server:\n\s+Version:\s+\S+/);
    assert.equal(managed.address, join(at.state, 'containerd.sock'));
    assert.ok((managed.version?.major ?? 0) >= 1);
    assert.ok(existsSync(join(at.root, 'opt', 'bin')), 'its opt folder is under its root');
    await managed.start();

    // In a session of its own, its output in the log.
    const stat = readFileSync(`/proc/${managed.pid}/stat`, 'utf8');
    assert.equal(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]), managed.pid, 'leads its own session');
    assert.match(readFileSync(at.logPath, 'utf8'), /containerd successfully booted/);

    await Promise.all([managed.stop(), managed.stop()]);
    await managed.stop();
    assert.deepEqual(states, ['starting', 'running', 'stopping', 'stopped']);
    assert.deepEqual(leftovers(at, managed), []);
    assert.equal(managed.pid, undefined);

    await managed.start();
    assert.match(ctr(managed, 'version'), /Server:/);
  });

  it('leaves no timer, socket or child behind in this process', async (t) => {
    const at = place(t);
    const before = process.getActiveResourcesInfo().sort();
    const managed = at.managed({ health: { intervalMs: 10 } });
    await managed.start();
    await managed.stop();
    assert.deepEqual(process.getActiveResourcesInfo().sort(), before);
  });

  it('writes a configuration that containerd reads as it was meant', async (t) => {
    const at = place(t);
    const managed = at.managed({
      logLevel: 'debug',
      oomScore: 10,
      metricsAddress: '127.0.0.1:0',
      grpcHistogram: true,
    });
    await managed.start();
    const dump = execFileSync('containerd', ['--config', at.configPath, 'config', 'dump'], { encoding: 'utf8' });
    for (const setting of [
      `root = "${at.root}"`,
      `state = "${at.state}"`,
      `address = "${managed.address}"`,
      `address = "${managed.ttrpcAddress}"`,
      `path = "${at.root}/opt"`,
      'level = "debug"',
      'oom_score = 10',
      'grpc_histogram = true',
      'max_recv_message_size = 16777216',
      '"io.containerd.timeout.bolt.open" = "10s"',
    ]) {
      // 2.x writes its strings with single quotes.
      assert.ok(dump.includes(setting) || dump.includes(setting.replaceAll('"', "'")), `${setting} in\n${dump}`);
    }
    const plugins = ctr(managed, 'plugins', 'ls');
    assert.doesNotMatch(plugins, /cri.*ok/);
    assert.match(plugins, /io\.containerd\.runtime\.v2\s+task\s.*ok/);
    if (managed.version?.major === 1) assert.match(plugins, /io\.containerd\.runtime\.v1\s+linux\s.*ok/);
    assert.match(readFileSync(`/proc/${managed.pid}/oom_score_adj`, 'utf8'), /^10$/m);
  });

  it('is owned by one supervisor at a time', async (t) => {
    const at = place(t);
    const first = at.managed();
    await first.start();
    const pid = pidOf(first);
    const busy = { code: 'ERR_SUPERVISOR_BUSY', fields: { path: join(at.root, 'containerd.lock'), pid: process.pid } };
    await assert.rejects(at.managed().start(), busy);
    // The same state with another root, too: they would share socket and pidfile.
    await assert.rejects(at.managed({ root: join(at.dir, 'root2') }).start(), { code: 'ERR_SUPERVISOR_BUSY' });
    assert.equal(first.state.kind, 'running');
    assert.deepEqual(at.pids(), [pid]);
    assert.match(ctr(first, 'version'), /Server:/);
  });

  it('says with the last lines of the log why containerd exited', async (t) => {
    const at = place(t);
    const script = 'echo first; i=0; while [ $i -lt 20 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 3';
    const managed = at.managed({ binary: bogus(at.dir, script) });
    await assert.rejects(managed.start(), {
      name: 'UnavailableError',
      code: 'ERR_CONTAINERD_START',
      message: new RegExp(
        `^start containerd: it exited with code 3; last lines of ${at.logPath}:\nline 10\n(.*\n)*line 19$`,
      ),
    });
    assert.equal(managed.state.kind, 'failed');
    assert.deepEqual(leftovers(at, managed), []);
    // Only what this start wrote.
    const quiet = at.managed({ binary: bogus(at.dir, 'exit 4') });
    await assert.rejects(quiet.start(), { message: 'start containerd: it exited with code 4' });
    // Folders and lock are free again.
    const real = at.managed();
    await real.start();
  });

  it('gives up on one that does not answer, and kills it', async (t) => {
    const at = place(t);
    const managed = at.managed({ binary: bogus(at.dir, 'echo waiting; exec sleep 1000'), startupTimeoutMs: 300 });
    let pid = 0;
    // The pidfile is there as soon as it was started.
    managed.onStateChange((state) => {
      if (state.kind === 'failed') assert.equal(existsSync(at.pidfilePath), false);
    });
    const started = managed.start();
    started.catch(() => {});
    while (pid === 0 && managed.state.kind === 'starting') {
      if (existsSync(at.pidfilePath)) pid = Number.parseInt(readFileSync(at.pidfilePath, 'utf8'), 10);
      await new Promise(setImmediate);
    }
    await assert.rejects(started, { code: 'ERR_CONTAINERD_START', message: /did not answer in 300 ms.*\nwaiting$/ });
    assert.ok(pid > 0);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.deepEqual(leftovers(at, managed), []);
  });

  it('does not start when there is no containerd, no folder or another listener', async (t) => {
    const at = place(t);
    const missing = at.managed({ binary: '/no/such/containerd' });
    await assert.rejects(missing.start(), { code: 'ERR_CONTAINERD_MISSING', message: /`\/no\/such\/containerd`/ });
    assert.equal(existsSync(at.root), false, 'and makes nothing');

    writeFileSync(join(at.dir, 'file'), '');
    const noFolder = ManagedContainerd.start({ root: join(at.dir, 'file', 'root'), state: at.state });
    await assert.rejects(noFolder, { code: 'ERR_STATE_DIR' });
    const open = join(at.dir, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await assert.rejects(ManagedContainerd.start({ root: at.root, state: open }), { code: 'ERR_STATE_DIR' });

    const address = join(at.dir, 'foreign.sock');
    const server = createServer().listen(address);
    t.after(() => server.close());
    await assert.rejects(at.managed({ address }).start(), {
      code: 'ERR_CONTAINERD_START',
      message: `start containerd: something else listens at ${address}`,
    });
    assert.deepEqual(at.pids(), []);
    assert.ok(existsSync(address), "and leaves the other's socket alone");
  });

  it('can be stopped while it starts', async (t) => {
    const at = place(t);
    const managed = at.managed({ binary: bogus(at.dir, 'exec sleep 1000') });
    const started = managed.start();
    started.catch(() => {});
    while (!existsSync(at.pidfilePath)) await new Promise(setImmediate);
    await managed.stop();
    await assert.rejects(started, { code: 'ERR_CANCELED' });
    assert.equal(managed.state.kind, 'stopped');
    assert.deepEqual(leftovers(at, managed), []);
    // And before anything was done.
    const early = managed.start();
    early.catch(() => {});
    await managed.stop();
    await assert.rejects(early, { code: 'ERR_CANCELED' });
    assert.deepEqual(leftovers(at, managed), []);
  });

  it('kills one that does not heed SIGTERM', async (t) => {
    const at = place(t);
    // A real one, frozen: SIGTERM waits until it is let go on.
    const managed = at.managed();
    await managed.start();
    await freeze(pidOf(managed));
    await managed.stop({ timeoutMs: 50 });
    assert.deepEqual(leftovers(at, managed), []);
  });

  it('finds its binary by the PATH it is given', async (t) => {
    const at = place(t);
    const bin = join(at.dir, 'bin');
    mkdirSync(bin);
    copyFileSync(bogus(at.dir, 'echo "path is $PATH"; exit 1'), join(bin, 'my-containerd'));
    chmodSync(join(bin, 'my-containerd'), 0o755);
    const env = { PATH: `${bin}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/systemd/notify' };
    await assert.rejects(at.managed({ binary: 'my-containerd', env }).start(), {
      message: new RegExp(`path is ${bin}`),
    });
  });
});
