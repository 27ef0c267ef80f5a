import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EngineError, isDeadlineExceeded } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { BootstrapParams } from '../protocol/gen/containerd/shim/bootstrap.js';
import { Any } from '../protocol/gen/google/protobuf/any.js';
import { decodeMessage } from '../protocol/wire/index.js';
import type { ShimParams } from '../shim/shim.js';
import { ShimBinaries } from './binary.js';
import { startShim } from './bootstrap.js';

const ADDRESS = 'unix:///run/containerd/s/0123';
const OPTIONS = { typeUrl: 'containerd.runc.v1.Options', value: Buffer.from('3a022f72', 'hex') };

describe('startShim', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A shim that is a shell script: `version` answers `-v`, `start` runs with its input in the file `$1.stdin`. */
  async function shim(name: string, version: string, start: string): Promise<ShimParams> {
    const binary = join(folder, name);
    const bundle = join(folder, `bundle-${name}`);
    await mkdir(bundle);
    const script = `#!/bin/sh
if [ "$1" = -v ]; then echo "${name}:"; echo "  Version:  ${version}"; exit; fi
cat >"${binary}.stdin"
echo "$@" >"${binary}.args"; pwd >"${binary}.cwd"
${start}
`;
    await writeFile(binary, script);
    await chmod(binary, 0o755);
    return {
      namespace: 'ns',
      id: 'c1',
      bundle: { namespace: 'ns', id: 'c1', path: bundle },
      binary,
      options: OPTIONS,
      eventSocket: '/e',
      address: '/a',
      publisher: '/p',
      debug: false,
      log: createLogger({ level: 'silent' }),
    };
  }
  const inputOf = ({ binary }: ShimParams) => readFile(`${binary}.stdin`);

  it('gives a shim before containerd 2.3 the options as they are, in the bundle', async () => {
    const params = await shim('containerd-shim-old-v2', '2.2.1', `echo ${ADDRESS}`);
    const bootstrap = await startShim(params, new ShimBinaries());
    assert.deepEqual(bootstrap, { version: 2, address: ADDRESS, protocol: 'ttrpc' });
    assert.deepEqual(decodeMessage(Any, await inputOf(params)), OPTIONS);
    const args = await readFile(`${params.binary}.args`, 'utf8');
    assert.equal(args, '-namespace ns -address /a -publish-binary /p -id c1 start\n');
    assert.equal((await readFile(`${params.binary}.cwd`, 'utf8')).trim(), params.bundle.path);
  });

  it('gives one of 2.3 everything in one message, and reads its binary reply', async () => {
    // version 3, address, protocol ttrpc
    const reply = `printf '\\010\\003\\022\\035%s\\032\\005ttrpc' ${ADDRESS}`;
    const params = await shim('containerd-shim-new-v2', '2.3.0', reply);
    const bootstrap = await startShim(params, new ShimBinaries());
    assert.deepEqual(bootstrap, { version: 3, address: ADDRESS, protocol: 'ttrpc' });
    assert.equal(decodeMessage(BootstrapParams, await inputOf(params)).instanceId, 'c1');
  });

  it('starts one again that asks for the new form, and remembers it', async () => {
    const refusal = 'shim was started through the deprecated API but was built against the new API';
    const start = `echo x >>"$0.starts"; grep -q c1 "$0.stdin" || { echo "${refusal}" >&2; exit 1; }; echo ${ADDRESS}`;
    const params = await shim('containerd-shim-own-v2', 'of-its-own', start);
    const binaries = new ShimBinaries();
    assert.equal((await startShim(params, binaries)).address, ADDRESS);
    assert.equal((await startShim(params, binaries)).address, ADDRESS);
    assert.equal((await readFile(`${params.binary}.starts`, 'utf8')).trim().split('\n').length, 3);
  });

  it('does not take what it writes to stderr for the reply', async () => {
    const params = await shim(
      'containerd-shim-loud-v2',
      '1.7.0',
      `echo unix:///wrong >&2; echo ${ADDRESS}; echo x >&2`,
    );
    assert.equal((await startShim(params, new ShimBinaries())).address, ADDRESS);
  });

  it('says what the shim said when it failed', async () => {
    const params = await shim('containerd-shim-bad-v2', '1.7.0', 'echo no runc here >&2; exit 3');
    await assert.rejects(startShim(params, new ShimBinaries()), (err) => {
      assert.ok(err instanceof EngineError);
      assert.equal(err.code, 'ERR_SHIM_START');
      assert.match(err.message, /start shim of c1: exit status 3: no runc here/);
      return true;
    });
    const mute = await shim('containerd-shim-mute-v2', '1.7.0', 'exit 0');
    await assert.rejects(startShim(mute, new ShimBinaries()), { code: 'ERR_SHIM_START', message: /no address/ });
    const killed = await shim('containerd-shim-killed-v2', '1.7.0', 'kill -9 $$');
    await assert.rejects(startShim(killed, new ShimBinaries()), { message: /ended by SIGKILL: it said nothing/ });
  });

  it('ends with its time', async () => {
    const params = await shim('containerd-shim-slow-v2', '1.7.0', 'sleep 100');
    await assert.rejects(startShim(params, new ShimBinaries(), { timeoutMs: 200 }), isDeadlineExceeded);
  });
});
