import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { InvalidArgumentError } from '../../errdefs/index.js';
import { resolveUser } from './resolve-user.js';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
+::::::
odd:x:abc:1::/odd:
ann:x:1000:1001:Ann:/home/ann:/bin/sh
2000:x:3000:3001::/named-number:
`;
const GROUP = 'root:x:0:\nann:x:1001:\nwheel:x:10:root,ann\naudio:x:29:bob,ann\n';
const isRoot = process.getuid?.() === 0;

const KALLSYMS = '/proc/kallsyms';
const hasLongFile = existsSync(KALLSYMS) && readFileSync(KALLSYMS).length > 4 * 1024 * 1024;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resolve-user-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function layer(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, 'etc'), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InvalidArgumentError);
  assert.match(error.message, message);
  return true;
};

describe('resolveUser, of one folder', () => {
  const find = async (user: string, groupAdd?: readonly string[]) => {
    const rootfs = await layer('rootfs', { 'etc/passwd': PASSWD, 'etc/group': GROUP });
    const { user: found, home } = await resolveUser({ layers: [rootfs] }, user, groupAdd);
    return [found.uid, found.gid, found.additionalGids, home];
  };

  it('finds root when nothing is said', async () => {
    assert.deepEqual(await find(''), [0, 0, [0, 10], '/root']);
  });

  it('finds a user by name and by number, with groups and home', async () => {
    const ann = [1000, 1001, [1001, 10, 29], '/home/ann'];
    assert.deepEqual(await find('ann'), ann);
    assert.deepEqual(await find('1000'), ann);
  });

  it('takes an entry whose name is a number', async () => {
    assert.deepEqual(await find('2000'), [3000, 3001, [3001], '/named-number']);
  });

  it('takes a number that nobody has', async () => {
    assert.deepEqual(await find('77'), [77, 0, [0], '/']);
    assert.deepEqual(await find('77:88'), [77, 88, [88], '/']);
  });

  it('leaves out the further groups when a group is named', async () => {
    assert.deepEqual(await find('ann:audio'), [1000, 29, [29], '/home/ann']);
    assert.deepEqual(await find(':audio'), [0, 29, [29], '/root']);
    assert.deepEqual(await find('ann:'), await find('ann'));
  });

  it('adds groups by name and number, each once', async () => {
    assert.deepEqual(await find('ann:5', ['wheel', '10', '5', '99']), [1000, 5, [5, 10, 99], '/home/ann']);
  });

  it("refuses who is not there, and ids that are none, in Docker's words", async () => {
    await assert.rejects(find('bob'), refused(/^unable to find user bob: no matching entries in passwd file$/));
    await assert.rejects(find('odd'), refused(/unable to find user odd/));
    await assert.rejects(find('ann:x'), refused(/^unable to find group x: no matching entries in group file$/));
    await assert.rejects(find('ann', ['x']), refused(/^Unable to find group x: no matching entries in group file$/));
    await assert.rejects(find('2147483648'), refused(/uids and gids must be in range 0-2147483647/));
    await assert.rejects(find('-1'), refused(/uids and gids must be in range/));
  });

  it('does without files of accounts', async () => {
    const view = { layers: [join(folder, 'nowhere')] };
    assert.deepEqual((await resolveUser(view, '')).user, { uid: 0, gid: 0, additionalGids: [0] });
    await assert.rejects(resolveUser(view, 'ann'), refused(/unable to find user ann/));
  });

  it('sees a change of the file', async () => {
    const rootfs = await layer('rootfs', { 'etc/passwd': 'ann:x:1:1::/:\n' });
    assert.equal((await resolveUser({ layers: [rootfs] }, 'ann')).user.uid, 1);
    await writeFile(join(rootfs, 'etc/passwd'), 'ann:x:2:1::/:\n');
    assert.equal((await resolveUser({ layers: [rootfs] }, 'ann')).user.uid, 2);
  });
});

describe('resolveUser, of links and odd files', () => {
  const uidOfAnn = async (rootfs: string) => (await resolveUser({ layers: [rootfs] }, 'ann')).user.uid;

  it('follows links inside the rootfs only', async () => {
    // The same path outside has another id: who leaves the rootfs finds that.
    const outside = await layer('outside', { passwd: 'ann:x:666:1::/:\n' });
    const rootfs = await layer('rootfs', {});
    await mkdir(join(rootfs, outside), { recursive: true });
    await writeFile(join(rootfs, outside, 'passwd'), 'ann:x:5:1::/:\n');
    await symlink(join(outside, 'passwd'), join(rootfs, 'etc/passwd'));
    assert.equal(await uidOfAnn(rootfs), 5);

    await rm(join(rootfs, 'etc/passwd'));
    await symlink(`../../../../../../../..${outside}/passwd`, join(rootfs, 'etc/passwd'));
    assert.equal(await uidOfAnn(rootfs), 5);

    await rm(join(rootfs, 'etc'), { recursive: true });
    await symlink(outside, join(rootfs, 'etc'));
    assert.equal(await uidOfAnn(rootfs), 5);
  });

  it('ends in a loop', async () => {
    const rootfs = await layer('rootfs', {});
    await symlink('group', join(rootfs, 'etc/passwd'));
    await symlink('/etc/passwd', join(rootfs, 'etc/group'));
    await assert.rejects(uidOfAnn(rootfs), refused(/its symbolic links loop/));
  });

  it('neither waits for a FIFO nor reads a folder', async () => {
    const rootfs = await layer('rootfs', {});
    execFileSync('mkfifo', [join(rootfs, 'etc/passwd')]);
    await assert.rejects(uidOfAnn(rootfs), refused(/it is not a regular file/));
    await rm(join(rootfs, 'etc/passwd'));
    await mkdir(join(rootfs, 'etc/passwd'));
    await assert.rejects(uidOfAnn(rootfs), refused(/it is not a regular file/));
  });

  it('does not read what is far too large', async () => {
    const rootfs = await layer('rootfs', { 'etc/passwd': '' });
    await truncate(join(rootfs, 'etc/passwd'), 2 ** 40);
    await assert.rejects(uidOfAnn(rootfs), refused(/it is larger than \d+ bytes/));
  });

  it('stops reading what grows beyond its size', {
    skip: hasLongFile ? false : 'needs a long /proc/kallsyms',
  }, async () => {
    // Files of /proc have no size: this one has a line for each symbol of the kernel, some megabytes.
    await assert.rejects(
      resolveUser({ layers: [await linkTo('/kallsyms'), '/proc'] }, 'ann'),
      refused(/it is larger than \d+ bytes/),
    );
  });

  async function linkTo(target: string): Promise<string> {
    const rootfs = await layer('link', {});
    await symlink(target, join(rootfs, 'etc/passwd'));
    return rootfs;
  }
});

describe('resolveUser, of layers', () => {
  const uidOf = async (user: string, ...layers: string[]) => (await resolveUser({ layers }, user)).user.uid;

  it('takes the uppermost file, through folders that several layers have', async () => {
    const lower = await layer('lower', { 'etc/passwd': 'ann:x:1:1::/:\n', 'etc/group': 'g:x:9:\n' });
    const upper = await layer('upper', { 'etc/passwd': 'ann:x:2:1::/:\n' });
    assert.equal(await uidOf('ann', upper, lower), 2);
    assert.equal((await resolveUser({ layers: [upper, lower] }, 'ann:g')).user.gid, 9);
  });

  it('follows a link of one layer into another', async () => {
    const lower = await layer('lower', { 'etc/real': 'ann:x:3:1::/:\n' });
    const upper = await layer('upper', {});
    await symlink('real', join(upper, 'etc/passwd'));
    assert.equal(await uidOf('ann', upper, lower), 3);
  });

  it('hides by a file in the way of a folder', async () => {
    const lower = await layer('lower', { 'etc/passwd': 'ann:x:1:1::/:\n' });
    const upper = join(folder, 'upper');
    await mkdir(upper);
    await writeFile(join(upper, 'etc'), '');
    await assert.rejects(uidOf('ann', upper, lower), refused(/unable to find user ann/));
  });

  it('hides by a whiteout', { skip: isRoot ? false : 'needs root: mknod' }, async () => {
    const lower = await layer('lower', { 'etc/passwd': 'ann:x:1:1::/:\n' });
    const upper = await layer('upper', {});
    execFileSync('mknod', [join(upper, 'etc/passwd'), 'c', '0', '0']);
    await assert.rejects(uidOf('ann', upper, lower), refused(/unable to find user ann/));
  });
});
