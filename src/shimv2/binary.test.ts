import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isNotFound } from '../errdefs/index.js';
import { createLogger } from '../log/logger.js';
import { BootstrapParams } from '../protocol/gen/containerd/shim/bootstrap.js';
import { Any } from '../protocol/gen/google/protobuf/any.js';
import { decodeMessage } from '../protocol/wire/index.js';
import type { ShimParams } from '../shim/shim.js';
import { inputFormOfVersion, ShimBinaries, shimArguments, shimEnvironment, startInput } from './binary.js';

const OPTIONS = { typeUrl: 'containerd.runc.v1.Options', value: Buffer.from('3a022f72', 'hex') };
const PARAMS: ShimParams = {
  namespace: 'ns',
  id: 'c1',
  bundle: { namespace: 'ns', id: 'c1', path: '/state/ns/c1' },
  binary: '/usr/bin/containerd-shim-runc-v2',
  options: OPTIONS,
  eventSocket: '/state/events.sock',
  address: '/state',
  publisher: '/bin/publish',
  debug: false,
  log: createLogger({ level: 'silent' }),
};

describe('the command of a shim', () => {
  it('has the flags in containerd order, the bundle at delete only', () => {
    const flags = ['-namespace', 'ns', '-address', '/state', '-publish-binary', '/bin/publish', '-id', 'c1'];
    assert.deepEqual(shimArguments(PARAMS, 'start'), [...flags, 'start']);
    assert.deepEqual(shimArguments({ ...PARAMS, debug: true }, 'start'), [...flags, '-debug', 'start']);
    assert.deepEqual(shimArguments(PARAMS, 'delete'), [...flags, '-bundle', '/state/ns/c1', 'delete']);
  });

  it('hands on our environment without what would mislead the shim', () => {
    const parent = { PATH: '/bin', KATA_CONF_FILE: '/k', NOTIFY_SOCKET: '/n', NODE_OPTIONS: '-x', NAMESPACE: 'other' };
    assert.deepEqual(shimEnvironment(PARAMS, parent), {
      PATH: '/bin',
      KATA_CONF_FILE: '/k',
      GOMAXPROCS: '2',
      MAX_SHIM_VERSION: '2',
      TTRPC_ADDRESS: '/state/events.sock',
      GRPC_ADDRESS: '/state',
      NAMESPACE: 'ns',
    });
  });
});

describe('startInput', () => {
  it('is the options, or nothing, in the old form', () => {
    const bytes = startInput(PARAMS, 'options');
    assert.ok(bytes !== undefined);
    assert.deepEqual(decodeMessage(Any, bytes), OPTIONS);
    assert.equal(startInput({ ...PARAMS, options: undefined }, 'options'), undefined);
  });

  it('is everything as one message in the new form, also without options', () => {
    const bytes = startInput({ ...PARAMS, debug: true }, 'bootstrap-params');
    assert.ok(bytes !== undefined);
    const params = decodeMessage(BootstrapParams, bytes);
    assert.equal(params.instanceId, 'c1');
    assert.equal(params.namespace, 'ns');
    assert.equal(params.logLevel, -4);
    assert.equal(params.containerdTtrpcAddress, '/state/events.sock');
    assert.equal(params.containerdGrpcAddress, '/state');
    assert.equal(params.containerdBinary, '/bin/publish');
    assert.deepEqual(
      params.extensions.map((extension) => extension.value),
      [OPTIONS],
    );
    const none = startInput({ ...PARAMS, options: undefined }, 'bootstrap-params');
    assert.deepEqual(decodeMessage(BootstrapParams, none ?? Buffer.alloc(0)).extensions, []);
  });
});

describe('inputFormOfVersion', () => {
  it('is the new one from containerd 2.3 on', () => {
    const text = (version: string) => `containerd-shim-runc-v2:\n  Version:  ${version}\n  Revision: \n`;
    for (const version of ['1.6.20~ds1', '1.7.24', '2.1.9+unknown', '2.2.0', 'unknown', '']) {
      assert.equal(inputFormOfVersion(text(version)), 'options', version);
    }
    for (const version of ['2.3.0', 'v2.3.0-rc.1', '2.4.0-beta+unknown', '2.10.1', '3.0.0']) {
      assert.equal(inputFormOfVersion(text(version)), 'bootstrap-params', version);
    }
    assert.equal(inputFormOfVersion('id: "io.containerd.kata.v2", version: 3.2.0'), 'options');
    assert.equal(inputFormOfVersion(''), 'options');
  });
});

describe('ShimBinaries', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lcd-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function program(name: string, version: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho x >>${path}.runs\necho '  Version:  ${version}'\n`);
    await chmod(path, 0o755);
    return path;
  }
  const runsOf = async (path: string) => (await readFile(`${path}.runs`, 'utf8').catch(() => '')).length / 2;

  it('asks a program once, and again when it was replaced', async () => {
    const binaries = new ShimBinaries();
    const path = await program('containerd-shim-a-v2', '2.3.1');
    const forms = await Promise.all([binaries.inputForm(path), binaries.inputForm(path)]);
    assert.deepEqual(forms, ['bootstrap-params', 'bootstrap-params']);
    assert.equal(await binaries.inputForm(path), 'bootstrap-params');
    // Two that came together may both have asked.
    const runs = await runsOf(path);
    assert.ok(runs >= 1 && runs <= 2, String(runs));
    await rm(path);
    await program('containerd-shim-a-v2', '2.2.10');
    assert.equal(await binaries.inputForm(path), 'options');
    assert.equal(await runsOf(path), runs + 1);
  });

  it('does not ask those that take the old form whatever their version', async () => {
    const path = await program('containerd-shim-runc-v1', '2.3.0');
    assert.equal(await new ShimBinaries().inputForm(path), 'options');
    assert.equal(await runsOf(path), 0);
  });

  it('keeps what a start has shown', async () => {
    const binaries = new ShimBinaries();
    const path = await program('containerd-shim-b-v2', 'mine');
    assert.equal(await binaries.inputForm(path), 'options');
    await binaries.learn(path, 'bootstrap-params');
    assert.equal(await binaries.inputForm(path), 'bootstrap-params');
  });

  it('says that a program is not there', async () => {
    await assert.rejects(new ShimBinaries().inputForm(join(folder, 'none')), isNotFound);
  });
});
