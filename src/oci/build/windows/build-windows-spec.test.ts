import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerConfig } from '../../config/container-config.js';
import type { HostConfig } from '../../config/host-config.js';
import { buildWindowsSpec, type WindowsSpecInput } from './build-windows-spec.js';
import { quoteArgument } from './command-line.js';
import { windowsResourcesOf } from './windows-resources.js';

const VOLUME = '\\\\?\\Volume{2b7f1f0e-0000-0000-0000-100000000000}';

function spec(config: ContainerConfig = {}, hostConfig: HostConfig = {}, rest: Partial<WindowsSpecInput> = {}) {
  return buildWindowsSpec({
    id: 'c1',
    config: { Cmd: ['cmd', '/S', '/C', 'echo hi'], ...config },
    hostConfig,
    cpuCount: 4,
    defaultIsolation: 'process',
    layerFolders: ['C:\\layers\\1', 'C:\\layers\\base', 'C:\\c1'],
    volumePath: VOLUME,
    mounts: [],
    startedBefore: false,
    ...rest,
  });
}

describe('buildWindowsSpec', () => {
  it('makes a process-isolated container on its volume', () => {
    const { process, root, windows, hostname } = spec(
      { User: 'ContainerUser', Hostname: 'h', Domainname: 'd.example', Env: ['A=1', 'B=2', 'a=3', 'B'], Tty: true },
      { ConsoleSize: [24, 80] },
    );
    assert.deepEqual(process, {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 0, gid: 0, username: 'ContainerUser' },
      args: ['cmd', '/S', '/C', 'echo hi'],
      env: ['a=3'],
      cwd: 'C:\\',
    });
    assert.deepEqual(root, { path: `${VOLUME}\\` });
    assert.equal(hostname, 'h.d.example');
    assert.deepEqual(windows, {
      layerFolders: ['C:\\layers\\1', 'C:\\layers\\base', 'C:\\c1'],
      ignoreFlushesDuringBoot: true,
    });
    assert.throws(() => spec({}, {}, { volumePath: '' }), { code: 'ERR_SPEC_INVALID' });
  });

  it('gives a Hyper-V container no root', () => {
    const { root, windows } = spec({}, { Isolation: 'hyperv' }, { startedBefore: true, servicing: true });
    assert.equal(root, undefined);
    assert.deepEqual(windows?.hyperv, {});
    assert.equal(windows?.servicing, true);
    assert.equal(windows?.ignoreFlushesDuringBoot, false);
    assert.equal(spec({}, { Isolation: 'default' }, { defaultIsolation: 'hyperv' }).root, undefined);
    assert.throws(() => spec({}, { Isolation: 'chroot' }), { name: 'InvalidArgumentError' });
  });

  it('hands an escaped command on as one line, and quotes what comes after', () => {
    const { process } = spec({ ArgsEscaped: true, Entrypoint: ['cmd /S /C "a b"'], Cmd: ['x y', 'z'] });
    assert.equal(process?.commandLine, 'cmd /S /C "a b" "x y" z');
    assert.equal(process?.args, undefined);
    assert.throws(() => spec({ Cmd: [] }), { message: 'no command specified' });
  });

  it('mounts folders and pipes without a type', () => {
    const { mounts } = spec(
      {},
      {},
      {
        mounts: [
          { source: 'C:\\data', destination: 'C:\\d', readOnly: true },
          { source: '\\\\.\\pipe\\a', destination: '\\\\.\\pipe\\b' },
        ],
      },
    );
    assert.deepEqual(mounts, [
      { source: 'C:\\data', destination: 'C:\\d', options: ['ro'] },
      { source: '\\\\.\\pipe\\a', destination: '\\\\.\\pipe\\b' },
    ]);
  });

  it('assigns devices by class or type', () => {
    const device = (PathOnHost: string) =>
      spec({}, { Devices: [{ PathOnHost, PathInContainer: '' }] }).windows?.devices;
    assert.deepEqual(device('class/GUID'), [{ id: 'GUID', idType: 'class' }]);
    assert.deepEqual(device('vpci-class-guid://GUID'), [{ id: 'GUID', idType: 'vpci-class-guid' }]);
    assert.throws(() => device('GUID'), /must be 'class\/ID' or 'IDType:\/\/ID'/);
    assert.throws(() => device('://GUID'), /IDType cannot be empty/);
  });

  it('refuses security options that it does not know, and says that it has no credential specs', () => {
    const asked = (option: string) => () => spec({}, { SecurityOpt: [option] });
    assert.throws(asked('credentialspec=file://x.json'), { name: 'NotImplementedError' });
    assert.throws(asked('seccomp=x'), { message: 'security option not supported: seccomp' });
    assert.throws(asked('x'), { message: 'invalid security option: no equals sign in supplied value x' });
  });
});

describe('windowsResourcesOf', () => {
  const cpu = (hostConfig: HostConfig, isHyperV = false) => windowsResourcesOf(hostConfig, isHyperV, 4).cpu;

  it('is empty without limits', () => {
    assert.deepEqual(windowsResourcesOf({}, false, 4), {});
  });

  it('names all limits', () => {
    const hostConfig = {
      CpuCount: 2,
      CpuShares: 500,
      CpuPercent: 25,
      Memory: 1e9,
      IOMaximumIOps: 5,
      IOMaximumBandwidth: 6,
    };
    assert.deepEqual(windowsResourcesOf(hostConfig, false, 4), {
      cpu: { count: 2, shares: 500, maximum: 2500 },
      memory: { limit: 1e9 },
      storage: { iops: 5, bps: 6 },
    });
  });

  it('takes NanoCpus as a share of the host, and with Hyper-V as CPUs of its own', () => {
    assert.deepEqual(cpu({ NanoCpus: 1e9 }), { maximum: 2500 });
    assert.deepEqual(cpu({ NanoCpus: 1 }), { maximum: 1 });
    assert.deepEqual(cpu({ NanoCpus: 2e9 }, true), { count: 2 });
    assert.deepEqual(cpu({ NanoCpus: 15e8 }, true), { count: 2, maximum: 7500 });
  });
});

describe('quoteArgument', () => {
  it('is taken apart again by CommandLineToArgvW', () => {
    const cases = [
      ['plain', 'plain'],
      ['', '""'],
      ['a b', '"a b"'],
      ['a"b', 'a\\"b'],
      ['C:\\dir\\', 'C:\\dir\\'],
      ['C:\\my dir\\', '"C:\\my dir\\\\"'],
      ['a\\"b c', '"a\\\\\\"b c"'],
    ];
    for (const [argument = '', quoted] of cases) assert.equal(quoteArgument(argument), quoted);
  });
});
