import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { parseContainerConfig } from './parse-container-config.js';
import { parseExecConfig } from './parse-exec-config.js';
import { parseHealthConfig } from './parse-health-config.js';
import { parseHostConfig } from './parse-host-config.js';
import { parseResources } from './parse-resources.js';

const names = (field: string) => (error: unknown) => {
  assert.ok(error instanceof InvalidArgumentError);
  assert.equal(error.fields?.field, field);
  assert.ok(error.message.includes(field), error.message);
  return true;
};

describe('parseContainerConfig', () => {
  it('keeps what it knows and drops the rest', () => {
    const config = {
      Image: 'a',
      Cmd: ['b', 'c'],
      Env: ['D=e'],
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {},
      Odd: 1,
    };
    assert.deepEqual(parseContainerConfig(config), {
      Image: 'a',
      Cmd: ['b', 'c'],
      Env: ['D=e'],
      ExposedPorts: { '80/tcp': {} },
    });
  });

  it('takes null for absent, and a command as one string', () => {
    const config = { Cmd: 'ls -l', Entrypoint: null, Env: null, Healthcheck: null, Volumes: { '/v': null } };
    assert.deepEqual(parseContainerConfig(config), { Cmd: ['ls -l'], Volumes: { '/v': {} } });
  });

  it('keeps an empty entrypoint, which takes away that of the image', () => {
    assert.deepEqual(parseContainerConfig({ Entrypoint: [] }), { Entrypoint: [] });
    assert.deepEqual(parseContainerConfig({ Entrypoint: '' }), { Entrypoint: [''] });
  });

  it('takes names in another case when none is exact', () => {
    assert.deepEqual(parseContainerConfig({ image: 'a', tty: true, Tty: false }), { Image: 'a', Tty: false });
  });

  it('refuses nothing at all in the words of dockerd', () => {
    assert.throws(() => parseContainerConfig(null), /^InvalidArgumentError: config cannot be empty/);
  });

  for (const [field, config] of [
    ['Cmd', { Cmd: 7 }],
    ['Cmd[1]', { Cmd: ['a', null] }],
    ['Env', { Env: 'A=b' }],
    ['Labels[a]', { Labels: { a: 1 } }],
    ['Tty', { Tty: 'true' }],
    ['StopTimeout', { StopTimeout: 1.5 }],
    ['Healthcheck.Interval', { Healthcheck: { Interval: '30s' } }],
  ] as const) {
    it(`names ${field} when it is of a wrong type`, () => {
      assert.throws(() => parseContainerConfig(config), names(field));
    });
  }

  it('does not let a key of a map reach a prototype', () => {
    const config = parseContainerConfig(JSON.parse('{"Labels": {"__proto__": "a"}}'));
    assert.equal(Object.getPrototypeOf(config.Labels), Object.prototype);
    assert.deepEqual(Object.keys(config.Labels ?? {}), ['__proto__']);
  });
});

describe('parseHostConfig', () => {
  it('takes nothing for all defaults', () => {
    assert.deepEqual(parseHostConfig(undefined), {});
    assert.deepEqual(parseHostConfig(null), {});
  });

  it('keeps null where it says something', () => {
    const config = { MaskedPaths: null, ReadonlyPaths: [], PidsLimit: null, Init: null, Memory: null, Binds: null };
    assert.deepEqual(parseHostConfig(config), { MaskedPaths: null, ReadonlyPaths: [], PidsLimit: null, Init: null });
  });

  it('reads what docker run sends', () => {
    const config = {
      Memory: 67108864,
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '81/tcp': null },
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: '', Config: {} },
      Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }],
      Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1024 } }],
      ConsoleSize: [24, 80],
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    };
    assert.deepEqual(parseHostConfig(config), config);
  });

  it('fills in what Go has as zero', () => {
    assert.deepEqual(parseHostConfig({ RestartPolicy: {}, LogConfig: {}, Ulimits: [{}] }), {
      RestartPolicy: { Name: '' },
      LogConfig: { Type: '' },
      Ulimits: [{ Name: '', Soft: 0, Hard: 0 }],
    });
  });

  it('takes the largest int64 and nothing above', () => {
    assert.equal(parseHostConfig(JSON.parse('{"Memory": 9223372036854775807}')).Memory, 2 ** 63);
    assert.throws(() => parseHostConfig({ Memory: 2 ** 64 }), names('HostConfig.Memory'));
  });

  it('refuses a restart policy that is not known in the words of dockerd', () => {
    assert.throws(
      () => parseHostConfig({ RestartPolicy: { Name: 'sometimes' } }),
      /invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'/,
    );
  });

  it('names the place within lists', () => {
    assert.throws(
      () => parseHostConfig({ Mounts: [{ Type: 'bind', Target: '/a', BindOptions: { Propagation: 1 } }] }),
      names('HostConfig.Mounts[0].BindOptions.Propagation'),
    );
    assert.throws(() => parseHostConfig({ ConsoleSize: [1] }), names('HostConfig.ConsoleSize'));
    assert.throws(
      () => parseHostConfig({ Mounts: [{ Type: 'odd', Target: '/a' }] }),
      names('HostConfig.Mounts[0].Type'),
    );
  });
});

describe('the other parsers', () => {
  it('reads an exec, whose missing command is an empty one', () => {
    assert.deepEqual(parseExecConfig({ Cmd: 'sh', Tty: true, Detach: true }), { Cmd: ['sh'], Tty: true });
    assert.deepEqual(parseExecConfig({}), { Cmd: [] });
    assert.throws(() => parseExecConfig({ Env: [1] }), names('Env[0]'));
  });

  it('reads a health check and an update', () => {
    assert.deepEqual(parseHealthConfig({ Test: ['CMD', 'true'], Retries: 2 }), { Test: ['CMD', 'true'], Retries: 2 });
    assert.throws(() => parseHealthConfig([]), names('Healthcheck'));
    assert.deepEqual(parseResources({ CpuShares: 5, RestartPolicy: {} }), { CpuShares: 5 });
  });
});
