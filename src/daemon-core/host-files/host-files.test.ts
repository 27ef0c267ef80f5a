import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type HostFilesInput, writeHostFiles } from './host-files.js';
import { hostsText } from './hosts.js';
import { resolvConfText } from './resolv-conf.js';

const USUAL = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
  '',
].join('\n');

describe('hostsText', () => {
  it('adds extra hosts and its own addresses to the usual lines', () => {
    const own = { addresses: ['172.17.0.2', 'fd00::2'], hostname: 'web', domainname: 'example.org' };
    const extraHosts = ['db:10.0.0.1', 'six:fd00::1', 'braces:[fd00::9]'];
    assert.equal(
      hostsText({ extraHosts, own }),
      `${USUAL}10.0.0.1\tdb\nfd00::1\tsix\nfd00::9\tbraces\n172.17.0.2\tweb.example.org web\nfd00::2\tweb.example.org web\n`,
    );
    assert.equal(hostsText({ extraHosts: ['db:10.0.0.1'], base: '1.2.3.4 x' }), '1.2.3.4 x\n10.0.0.1\tdb\n');
  });

  it('refuses what is no host', () => {
    for (const bad of ['', 'db', ':1.2.3.4', 'a b:1.2.3.4', 'a\n9.9.9.9 bank:1.2.3.4', '#:1.2.3.4']) {
      assert.throws(() => hostsText({ extraHosts: [bad] }), {
        errorClass: 'invalid-argument',
        message: /^bad format for add-host: /,
      });
    }
    for (const bad of ['db:', 'db:1.2.3', 'db:1.2.3.4\n', 'db:[1.2.3.4', 'db:fd00::1::2']) {
      assert.throws(() => hostsText({ extraHosts: [bad] }), {
        errorClass: 'invalid-argument',
        message: /^invalid IP address in add-host: /,
      });
    }
    assert.throws(() => hostsText({ extraHosts: ['h:host-gateway'] }), {
      errorClass: 'not-implemented',
      message: /host-gateway needs a network/,
    });
  });
});

describe('resolvConfText', () => {
  const text = (host: string, change: Partial<Parameters<typeof resolvConfText>[0]> = {}) =>
    resolvConfText({ host, isHostNetwork: false, servers: [], search: [], options: [], ...change });
  const host =
    '# made by x\nnameserver 127.0.0.1\nnameserver 10.0.0.2\nnameserver ::1\nnameserver fe80::1%eth0\ndomain old\nsearch a.org b.org\noptions ndots:2 rotate\n';

  it('leaves out servers that only the host reaches', () => {
    assert.equal(text(host), 'nameserver 10.0.0.2\nsearch a.org b.org\noptions ndots:2 rotate\n');
    assert.equal(text('nameserver 0:0:0:0:0:0:0:1\nnameserver fd00::1\n'), 'nameserver fd00::1\n');
    assert.equal(text('nameserver 127.0.0.53\nsearch a\n'), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch a\n');
    assert.equal(text(''), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  });

  it("takes what was asked for in place of the host's", () => {
    const given = { servers: ['1.1.1.1', '127.0.0.1', 'fd00::2'], search: ['c.org'], options: ['timeout:1'] };
    assert.equal(
      text(host, given),
      'nameserver 1.1.1.1\nnameserver 127.0.0.1\nnameserver fd00::2\nsearch c.org\noptions timeout:1\n',
    );
    assert.equal(text(host, { search: ['.'] }), 'nameserver 10.0.0.2\noptions ndots:2 rotate\n');
  });

  it("gives the host's file as it is to the host's network, but for what was asked for", () => {
    assert.equal(text(host, { isHostNetwork: true }), host);
    assert.equal(text('', { isHostNetwork: true, options: ['x'] }), 'options x\n');
    assert.match(
      text(host, { isHostNetwork: true, options: ['x'] }),
      /^nameserver 127\.0\.0\.1\nnameserver 10\.0\.0\.2\n/,
    );
  });

  it('refuses what would not be a line of the file', () => {
    const refused = { errorClass: 'invalid-argument', message: /^bad parameter: / };
    for (const server of ['x', '1.2.3', '1.1.1.1\nsearch x'])
      assert.throws(() => text(host, { servers: [server] }), refused);
    for (const word of ['', 'a b', 'a\nnameserver 6.6.6.6']) {
      assert.throws(() => text(host, { search: [word] }), refused);
      assert.throws(() => text(host, { options: [word] }), refused);
    }
  });
});

describe('writeHostFiles', () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lcd-host-files-'));
    writeFileSync(path('etc-hosts'), '9.9.9.9 of-the-host\n');
    writeFileSync(path('etc-resolv'), 'nameserver 127.0.0.53\n');
    writeFileSync(path('resolved'), 'nameserver 10.1.1.1\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (change: Partial<HostFilesInput> = {}) =>
    writeHostFiles({
      folder,
      id: '0123456789abcdef',
      config: {},
      hostConfig: {},
      host: { hosts: path('etc-hosts'), resolvConf: path('etc-resolv'), resolvedConf: path('resolved') },
      ...change,
    });
  const text = (name: string) => readFileSync(path(name), 'utf8');

  it('writes the files for everybody to read, whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      const files = await write({ addresses: ['172.17.0.2'] });
      assert.deepEqual(files, { hostname: path('hostname'), hosts: path('hosts'), resolvConf: path('resolv.conf') });
      for (const each of Object.values(files)) assert.equal(statSync(each).mode & 0o777, 0o644);
    } finally {
      process.umask(umask);
    }
    assert.equal(text('hostname'), '0123456789ab\n');
    assert.equal(text('hosts'), `${USUAL}172.17.0.2\t0123456789ab\n`);
    assert.equal(text('resolv.conf'), 'nameserver 10.1.1.1\n');
  });

  it('writes them anew, and nothing when something is wrong', async () => {
    await write();
    writeFileSync(path('hosts'), 'changed by a container');
    await write({ config: { Hostname: 'web', Domainname: 'example.org' } });
    assert.deepEqual([text('hostname'), text('hosts')], ['web\n', USUAL]);
    await assert.rejects(write({ config: { Hostname: 'x' }, hostConfig: { Dns: ['x'] } }), {
      errorClass: 'invalid-argument',
    });
    assert.equal(text('hostname'), 'web\n');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it("copies the host's files for the host's network", async () => {
    await write({ hostConfig: { NetworkMode: 'host', ExtraHosts: ['db:10.0.0.1'] } });
    assert.equal(text('hosts'), '9.9.9.9 of-the-host\n10.0.0.1\tdb\n');
    assert.equal(text('resolv.conf'), 'nameserver 127.0.0.53\n');
  });

  it('does without files that the host has not', async () => {
    rmSync(path('etc-resolv'));
    await write();
    assert.equal(text('resolv.conf'), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n');
  });
});
