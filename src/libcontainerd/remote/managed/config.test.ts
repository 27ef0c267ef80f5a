import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConfigOptions, configText } from './config.js';
import { tomlString, toToml } from './toml.js';

const V16 = { major: 1, minor: 6, patch: 20, text: '1.6.20' };
const V17 = { major: 1, minor: 7, patch: 24, text: '1.7.24' };
const V21 = { major: 2, minor: 1, patch: 9, text: '2.1.9' };

const OPTIONS: ConfigOptions = {
  root: '/var/lib/e',
  state: '/run/e',
  address: '/run/e/c.sock',
  ttrpcAddress: '/run/e/c.sock.ttrpc',
};

describe('configText', () => {
  it('is format 2 with runtime v1 for 1.6', () => {
    assert.equal(
      configText(V16, OPTIONS),
      `version = 2
root = "/var/lib/e"
state = "/run/e"
disabled_plugins = ["io.containerd.grpc.v1.cri"]

[grpc]
address = "/run/e/c.sock"
max_recv_message_size = 16777216
max_send_message_size = 16777216

[ttrpc]
address = "/run/e/c.sock.ttrpc"

[debug]
level = "info"

[timeouts]
"io.containerd.timeout.bolt.open" = "10s"

[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/e/opt"

[plugins."io.containerd.runtime.v1.linux"]
shim = "containerd-shim"
runtime = "runc"
`,
    );
  });

  it('is format 3 without runtime v1 for 2.x, all of CRI disabled', () => {
    const text = configText(V21, OPTIONS);
    assert.match(text, /^version = 3\n/);
    assert.doesNotMatch(text, /runtime\.v1\.linux/);
    for (const id of ['grpc.v1.cri', 'cri.v1.images', 'cri.v1.runtime', 'nri.v1.nri']) {
      assert.match(text, new RegExp(`^disabled_plugins = .*"io\\.containerd\\.${id}"`, 'm'));
    }
  });

  it('disables NRI, which listens on a socket of the whole machine, from 1.7 on', () => {
    assert.match(
      configText(V17, OPTIONS),
      /^disabled_plugins = \["io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri"\]$/m,
    );
    assert.match(configText(V17, OPTIONS), /runtime\.v1\.linux/);
  });

  it('writes what the user tunes', () => {
    const text = configText(V16, {
      ...OPTIONS,
      logLevel: 'debug',
      metricsAddress: '127.0.0.1:1338',
      grpcHistogram: true,
      oomScore: -500,
      disabledPlugins: ['io.containerd.snapshotter.v1.zfs', 'io.containerd.grpc.v1.cri'],
      plugins: {
        'io.containerd.runtime.v1.linux': { shim_debug: true, runtime: 'crun' },
        'io.containerd.gc.v1.scheduler': { schedule_delay: '1s' },
      },
    });
    assert.match(text, /^oom_score = -500$/m);
    assert.match(text, /^disabled_plugins = \["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.zfs"\]$/m);
    assert.match(text, /^\[debug\]\nlevel = "debug"$/m);
    assert.match(text, /^\[metrics\]\naddress = "127.0.0.1:1338"\ngrpc_histogram = true$/m);
    assert.match(
      text,
      /^\[plugins\."io\.containerd\.runtime\.v1\.linux"\]\nshim = "containerd-shim"\nruntime = "crun"\nshim_debug = true$/m,
    );
    assert.match(text, /^\[plugins\."io\.containerd\.gc\.v1\.scheduler"\]\nschedule_delay = "1s"$/m);
  });

  it('lets no path break out of its string', () => {
    const text = configText(V16, { ...OPTIONS, root: '/a"\nversion = 1\n#\\' });
    assert.match(text, /^root = "\/a\\"\\nversion = 1\\n#\\\\"$/m);
    assert.equal(text.match(/^version/gm)?.length, 1);
  });
});

describe('TOML', () => {
  it('escapes', () => {
    assert.equal(
      tomlString('a"b\\c\b\t\n\f\r\u0000\u001f\u007f\u0085é😀'),
      '"a\\"b\\\\c\\b\\t\\n\\f\\r\\u0000\\u001f\\u007f\\u0085é😀"',
    );
    assert.equal(tomlString('\ud800x'), '"\\ufffdx"');
  });

  it('puts scalars before tables, quotes keys and leaves empty tables out', () => {
    assert.equal(
      toToml({ t: { 'x.y': { 'a b': 1 }, k: ['p', 'q"'] }, none: {}, s: true }),
      's = true\n\n[t]\nk = ["p", "q\\""]\n\n[t."x.y"]\n"a b" = 1\n',
    );
  });

  it('refuses numbers that are no integers', () => {
    for (const value of [0.5, Number.NaN, 2 ** 60]) {
      assert.throws(() => toToml({ value }), { code: 'ERR_OPTION_INVALID' });
    }
  });
});
