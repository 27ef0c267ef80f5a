import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runningRecord, sampleRecord } from '../../../test/integration/daemon/sample-record.js';
import type { ContainerRecord, JournalFact } from './record.js';
import { RecordStore } from './record-store.js';

const exit = (run: number, code = 0): JournalFact => ({ fact: 'exit', run, code, exitedAt: 'then', unknown: false });
const oom = (run: number, kills = 1): JournalFact => ({
  fact: 'oom',
  run,
  oom: { killed: true, kills, victims: [{ process: 'init', at: 'then' }] },
});
const cgroup = (run: number, folder = '/cg'): JournalFact => ({ fact: 'cgroup', run, folder });
const cannotMount = process.geteuid?.() !== 0 && 'only root may mount';

describe('RecordStore', () => {
  let root = '';
  let store: RecordStore;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lcd-records-'));
    store = await RecordStore.open(root);
  });
  afterEach(async () => {
    await store.close();
    rmSync(root, { recursive: true });
  });
  const path = (...names: string[]) => join(root, 'containers', ...names);
  const entries = (...names: string[]) => readdirSync(path(...names)).sort();

  /** As the next engine finds it. */
  async function reload() {
    await store.close();
    store = await RecordStore.open(root);
    return store.load();
  }

  async function factsAfter(record: ContainerRecord): Promise<readonly JournalFact[]> {
    const { records, damaged } = await reload();
    assert.deepEqual(damaged, []);
    const found = records.find((each) => each.record.id === record.id);
    assert.deepEqual(found?.record, record);
    return found.facts;
  }

  it('gives back what was saved, readable and for nobody else to read', async () => {
    const record = sampleRecord('c1');
    await store.create(record);
    assert.deepEqual(entries('c1'), ['container.json']);
    assert.equal(statSync(path('c1')).mode & 0o777, 0o700);
    assert.equal(statSync(path('c1', 'container.json')).mode & 0o777, 0o600);
    assert.match(readFileSync(path('c1', 'container.json'), 'utf8'), /^{\n {2}"version": 1,\n {2}"id": "c1",\n/);
    const later = runningRecord('c1', 3, { starting: 4, manuallyStopped: true });
    await store.save(later);
    await store.create(sampleRecord('c2', { rootfs: { kind: 'folder', path: '/r' } }));
    const { records, damaged } = await reload();
    assert.deepEqual(damaged, []);
    const second = sampleRecord('c2', { rootfs: { kind: 'folder', path: '/r' } });
    assert.deepEqual(records, [
      { record: later, facts: [] },
      { record: second, facts: [] },
    ]);
  });

  it('lets one of several creates win, and leaves what is there alone', async () => {
    const names = ['a', 'b', 'c'];
    const outcomes = await Promise.allSettled(names.map((name) => store.create(sampleRecord('c1', { name }))));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    const before = readFileSync(path('c1', 'container.json'), 'utf8');
    await assert.rejects(store.create(sampleRecord('c1')), { code: 'ERR_CONTAINER_EXISTS', errorClass: 'conflict' });
    assert.equal(readFileSync(path('c1', 'container.json'), 'utf8'), before);
    assert.deepEqual(entries(), ['c1']);
  });

  it('takes no id that leads elsewhere', async () => {
    for (const bad of ['', '.', '..', '.new-1', 'a/b', 'a\0b', 'x'.repeat(201)]) {
      await assert.rejects(store.create(sampleRecord(bad)), { code: 'ERR_ID_INVALID' });
      await assert.rejects(store.remove(bad), { code: 'ERR_ID_INVALID' });
    }
    assert.deepEqual(entries(), []);
  });

  it('writes the last of several saves that wait, in the order of the calls', async () => {
    await store.create(sampleRecord('c1'));
    const saves = ['a', 'b', 'c', 'd'].map((name) => store.save(runningRecord('c1', 1, { name })));
    const appended = store.append('c1', exit(1, 7));
    await saves.at(0);
    await Promise.all([...saves, appended]);
    assert.deepEqual(await factsAfter(runningRecord('c1', 1, { name: 'd' })), [exit(1, 7)]);
  });

  it('keeps facts until the record has them', async () => {
    const running = runningRecord('c1', 2);
    await store.create(running);
    for (const fact of [cgroup(2), oom(2), exit(2, 137)]) await store.append('c1', fact);
    assert.deepEqual(await factsAfter(running), [cgroup(2), oom(2), exit(2, 137)]);
    // A save by somebody who has not heard of them.
    const renamed = { ...running, name: 'other' };
    await store.save(renamed);
    assert.deepEqual(await factsAfter(renamed), [cgroup(2), oom(2), exit(2, 137)]);
    const exited: ContainerRecord = {
      ...renamed,
      state: { ...running.state, status: 'exited', pid: 0, exitCode: 137 },
    };
    await store.save(exited);
    assert.deepEqual(await factsAfter(exited), [cgroup(2), oom(2)]);
    const known = { killed: true, kills: 3, victims: [{ process: 'init', at: 'then' }] };
    const knowing: ContainerRecord = { ...exited, state: { ...exited.state, oom: known } };
    await store.save(knowing);
    assert.deepEqual(await factsAfter(knowing), [cgroup(2)]);
    await store.append('c1', cgroup(2, '/moved'));
    assert.deepEqual(await factsAfter(knowing), [cgroup(2, '/moved')]);
    const next = runningRecord('c1', 3);
    await store.save(next);
    assert.deepEqual(entries('c1'), ['container.json']);
    assert.deepEqual(await factsAfter(next), []);
  });

  it('leaves out facts of a run that is neither the last nor the one being started', async () => {
    const record = runningRecord('c1', 4, { starting: 5 });
    await store.create(record);
    for (const run of [0, 3, 4, 5, 6]) await store.append('c1', exit(run));
    assert.deepEqual(await factsAfter(record), [exit(4), exit(5)]);
  });

  it('goes on after a torn line and a damaged one', async () => {
    const record = runningRecord('c1', 1);
    await store.create(record);
    writeFileSync(path('c1', 'journal.jsonl'), `${JSON.stringify(exit(1, 3))}\n{"fact":"oo`);
    assert.deepEqual(await factsAfter(record), [exit(1, 3)]);
    await store.append('c1', oom(1));
    assert.deepEqual(await factsAfter(record), [exit(1, 3), oom(1)]);
    writeFileSync(path('c1', 'journal.jsonl'), `[]\n\n{"fact":"no"}\nx\n${JSON.stringify(exit(1, 3))}\n`);
    assert.deepEqual(await factsAfter(record), [exit(1, 3)]);
  });

  it('sets a damaged one aside, and loads the others', async () => {
    const ids = ['list', 'text', 'empty', 'gone', 'fifo', 'link', 'other', 'field', 'utf8', 'null'];
    for (const id of [...ids, 'good']) await store.create(sampleRecord(id));
    const file = (id: string) => path(id, 'container.json');
    const good = readFileSync(file('good'), 'utf8');
    writeFileSync(file('list'), '[]');
    writeFileSync(file('text'), good.slice(0, -20));
    writeFileSync(file('empty'), '');
    for (const id of ['gone', 'fifo', 'link']) rmSync(file(id));
    execFileSync('mkfifo', [file('fifo')]);
    symlinkSync(file('good'), file('link'));
    writeFileSync(file('other'), good);
    writeFileSync(
      file('field'),
      readFileSync(file('field'), 'utf8').replace('"status": "created"', '"status": "well"'),
    );
    writeFileSync(file('utf8'), Buffer.from(good.replace('name-of-good', 'name-of-g\xffod'), 'latin1'));
    writeFileSync(file('null'), 'null');
    const { records, damaged } = await reload();
    assert.deepEqual(records, [{ record: sampleRecord('good'), facts: [] }]);
    assert.deepEqual(damaged.map(({ id }) => id).sort(), ids.sort());
    for (const each of damaged) {
      assert.equal(each.error.code, 'ERR_STATE_CORRUPT', each.id);
      assert.equal(each.path, path(each.id));
      assert.ok(existsSync(each.path));
    }
    assert.match(damaged.find(({ id }) => id === 'field')?.error.message ?? '', /record\.state\.status/);
    await assert.rejects(store.create(sampleRecord('text')), { code: 'ERR_CONTAINER_EXISTS' });
    await store.remove('text');
    await store.create(sampleRecord('text'));
  });

  it('says that a later release wrote a record', async () => {
    await store.create(sampleRecord('c1'));
    const file = path('c1', 'container.json');
    const text = readFileSync(file, 'utf8').replace('"version": 1', '"version": 2');
    writeFileSync(file, text);
    const { damaged } = await reload();
    assert.equal(damaged[0]?.error.errorClass, 'failed-precondition');
    assert.match(damaged[0].error.message, /version 2, of a later release; this one knows versions up to 1/);
    assert.equal(readFileSync(file, 'utf8'), text);
  });

  it('reads any damage of one bit without harm to the others', async () => {
    await store.create(sampleRecord('c1'));
    await store.create(sampleRecord('c2'));
    const file = path('c1', 'container.json');
    const good = readFileSync(file);
    for (let bit = 0; bit < good.length * 8; bit += 97) {
      const bad = Buffer.from(good);
      const at = bit >> 3;
      bad.writeUInt8(bad.readUInt8(at) ^ (1 << (bit & 7)), at);
      writeFileSync(file, bad);
      const { records, damaged } = await store.load();
      assert.equal(records.length + damaged.length, 2, `bit ${bit}`);
      assert.deepEqual(records.at(-1)?.record, sampleRecord('c2'));
      assert.ok(records.every(({ record }) => ['c1', 'c2'].includes(record.id)));
    }
  });

  it('removes what a killed engine left, and nothing else', async () => {
    await store.create(sampleRecord('c1'));
    for (const each of ['.new-c2-0123456789ab', '.removed-c3-0123456789ab', '.others'])
      mkdirSync(path(each, 'layer'), { recursive: true });
    for (const each of ['.container.json.0123456789ab', '.journal.jsonl.0123456789ab', '.mine'])
      writeFileSync(path('c1', each), '');
    await reload();
    assert.deepEqual(entries(), ['.others', 'c1']);
    assert.deepEqual(entries('c1'), ['.mine', 'container.json']);
  });

  it('removes a container and not what links in it lead to', async () => {
    await store.create(sampleRecord('c1'));
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), '');
    mkdirSync(path('c1', 'layer', 'deep'), { recursive: true });
    symlinkSync(outside, path('c1', 'layer', 'deep', 'link'));
    symlinkSync(outside, path('linked'));
    await Promise.all([store.remove('c1'), store.remove('linked')]);
    await store.remove('c1');
    assert.deepEqual(entries(), []);
    assert.deepEqual(readdirSync(outside), ['precious']);
    await assert.rejects(store.save(sampleRecord('c1')), { code: 'ERR_CONTAINER_NOT_FOUND' });
    await assert.rejects(store.append('c1', exit(1)), { code: 'ERR_CONTAINER_NOT_FOUND' });
  });

  it('removes after the writes that were asked for before', async () => {
    await store.create(sampleRecord('c1'));
    const outcomes = await Promise.allSettled([
      store.append('c1', exit(1)),
      store.save(sampleRecord('c1', { name: 'x' })),
      store.remove('c1'),
      store.append('c1', exit(1)),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
    );
    assert.deepEqual(entries(), []);
  });

  it('removes nothing in which something is mounted', { skip: cannotMount }, async () => {
    await store.create(sampleRecord('c1'));
    const source = join(root, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'precious'), '');
    const mount = (at: string) => {
      mkdirSync(at, { recursive: true });
      execFileSync('mount', ['--bind', source, at]);
    };
    const remnant = path('.removed-c9-0123456789ab', 'rootfs');
    mount(path('c1', 'rootfs'));
    mount(remnant);
    try {
      await assert.rejects(store.remove('c1'), {
        code: 'ERR_ROOTFS_BUSY',
        message: /c1\/rootfs is mounted; unmount it first$/,
      });
      const { records } = await reload();
      assert.deepEqual(
        records.map(({ record }) => record.id),
        ['c1'],
      );
      assert.ok(existsSync(remnant));
    } finally {
      execFileSync('umount', [path('c1', 'rootfs'), remnant]);
    }
    await store.remove('c1');
    await reload();
    assert.deepEqual(entries(), []);
    assert.deepEqual(readdirSync(source), ['precious']);
  });

  it('lets one engine use a root at a time', async () => {
    await assert.rejects(RecordStore.open(root), { code: 'ERR_ROOT_BUSY' });
    await store.close();
    store = await RecordStore.open(root);
  });
});
