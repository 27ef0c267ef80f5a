import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineContainer, ExecConfig } from '../../../src/daemon-core/index.js';
import { missing, scaled } from '../host/requirements.js';
import { collect, inParallel } from '../host/run-container.js';
import { until } from '../host/until.js';
import { EngineHost, execIn, SLEEP } from './engine-host.js';

const WAIT = { timeoutMs: 20_000 };
const TTL_MS = 300;

describe('exec', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  let host: EngineHost;
  let c: EngineContainer;
  before(async () => {
    host = await EngineHost.start({ execTtlMs: TTL_MS });
    await writeFile(join(host.rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n');
    await writeFile(join(host.rootfs, 'etc/group'), 'root:x:0:\napp:x:1001:\nextra:x:2000:app\n');
    c = await host.running({ ...SLEEP, Env: ['FROM=container', 'BOTH=container'] });
  });
  after(() => host.stop());

  async function output(config: Partial<ExecConfig>, script: string): Promise<string> {
    const exec = c.exec({ Cmd: ['/bin/sh', '-c', script], AttachStdout: true, ...config });
    const { stdout } = exec.attach({ stdout: true });
    const text = stdout === undefined ? '' : collect(stdout);
    await exec.start({}, WAIT);
    await exec.wait(WAIT);
    return (await text).toString();
  }

  it('runs as the user, in the folder and with the environment that it was asked for', async () => {
    const text = await output(
      { User: 'app', WorkingDir: '/tmp', Env: ['BOTH=exec'] },
      'id -u; id -G; pwd; echo $FROM $BOTH $HOME',
    );
    assert.deepEqual(text.trim().split('\n'), ['1000', '1001 2000', '/tmp', 'container exec /home/app']);
    assert.equal(await output({ User: '5:6' }, 'id -u; id -g'), '5\n6\n');
    const caps = (config: Partial<ExecConfig>) => output(config, 'grep CapEff /proc/self/status');
    const [plain, privileged] = [await caps({}), await caps({ Privileged: true })];
    const bits = (line: string) => BigInt(`0x${line.trim().split(/\s+/)[1]}`);
    assert.ok(bits(privileged) > bits(plain), `${privileged} ${plain}`);
    assert.equal(bits(await caps({ User: 'app' })), 0n);
  });

  it('has a terminal when it asks for one, that can be resized', async () => {
    const exec = c.exec({
      Cmd: ['/bin/sh', '-c', 'stty size; read line; stty size; echo got $line'],
      Tty: true,
      AttachStdin: true,
      AttachStdout: true,
      ConsoleSize: [20, 70],
    });
    const { stdin, stdout } = exec.attach({ stdin: true, stdout: true });
    let text = '';
    stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await exec.start();
    await until('the first size', () => text.includes('20 70'));
    await exec.resize({ height: 33, width: 99 });
    stdin?.write('word\r');
    assert.equal(await exec.wait(WAIT), 0);
    assert.match(text, /33 99\r\ngot word\r\n$/);
    await assert.rejects(exec.resize({ height: 1, width: 1 }), /exec process is not started/);
  });

  it('reads stdin to its end', async () => {
    const exec = c.exec({ Cmd: ['/bin/wc', '-c'], AttachStdin: true, AttachStdout: true });
    const { stdin, stdout } = exec.attach({ stdin: true, stdout: true });
    const text = stdout === undefined ? '' : collect(stdout);
    await exec.start();
    stdin?.end(Buffer.alloc(300_000, 'x'));
    assert.equal(await exec.wait(WAIT), 0);
    assert.equal((await text).toString().trim(), '300000');
  });

  it('tells about itself in the JSON of Docker', async () => {
    const exec = c.exec({ Cmd: ['/bin/sh', '-c', 'exit 3'], User: '0', AttachStdout: true, DetachKeys: 'ctrl-a' });
    assert.deepEqual(exec.inspect(), {
      ID: exec.id,
      Running: false,
      ExitCode: null,
      ProcessConfig: { tty: false, entrypoint: '/bin/sh', arguments: ['-c', 'exit 3'], privileged: false, user: '0' },
      OpenStdin: false,
      OpenStdout: true,
      OpenStderr: false,
      CanRemove: false,
      ContainerID: c.id,
      DetachKeys: 'ctrl-a',
      Pid: 0,
    });
    assert.ok(c.inspect().ExecIDs?.includes(exec.id));
    await exec.start({ detach: true });
    assert.equal(await exec.wait(WAIT), 3);
    const { Running, ExitCode, CanRemove } = host.engine.exec(exec.id).inspect();
    assert.deepEqual([Running, ExitCode, CanRemove], [false, 3, true]);
    await assert.rejects(exec.start(), { name: 'ConflictError' });
    await until('it is forgotten', () => {
      try {
        host.engine.exec(exec.id);
        return false;
      } catch (err) {
        assert.match(String(err), new RegExp(`No such exec instance: ${exec.id}`));
        return true;
      }
    });
  });

  it('gives failed starts the exit codes of Docker', async () => {
    const cases: [Partial<ExecConfig> & { readonly Cmd: string[] }, number][] = [
      [{ Cmd: ['none'] }, 127],
      [{ Cmd: ['/etc'] }, 126],
      [{ Cmd: ['/bin/true'], User: 'nobody-here' }, 126],
    ];
    for (const [config, code] of cases) {
      const exec = c.exec(config);
      await assert.rejects(exec.start(), `${config.Cmd}`);
      assert.equal(exec.inspect().ExitCode, code, `${config.Cmd}`);
      assert.equal(await exec.wait(WAIT), code);
    }
    assert.throws(() => c.exec({ Cmd: [] }), { name: 'InvalidArgumentError' });
    assert.deepEqual(await execIn(c, '/bin/echo', 'still here'), { out: 'still here\n', code: 0 });
  });

  it('needs a container that moves, also when it was made before', async () => {
    const other = await host.running(SLEEP);
    const late = other.exec({ Cmd: ['/bin/true'] });
    await other.pause();
    assert.throws(() => other.exec({ Cmd: ['/bin/true'] }), /is paused, unpause the container before exec/);
    await assert.rejects(late.start(), /is paused, unpause the container before exec/);
    await other.unpause();
    await late.start();
    assert.equal(await late.wait(WAIT), 0);
    const never = other.exec({ Cmd: ['/bin/true'] });
    await other.stop({ timeoutSeconds: 0 });
    await assert.rejects(never.start(), { name: 'ConflictError' });
    assert.throws(() => other.exec({ Cmd: ['/bin/true'] }), /is not running/);
    assert.equal(other.inspect().ExecIDs, null);
  });

  it('runs many at once', async () => {
    await inParallel(scaled(200, 50), 50, async (index) => {
      const { out, code } = await execIn(c, '/bin/sh', '-c', `echo ${index}; exit ${index % 100}`);
      assert.deepEqual([out, code], [`${index}\n`, index % 100]);
    });
    assert.equal(c.inspect().ExecIDs, null);
  });
});
