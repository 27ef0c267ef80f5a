import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LoadedRecord, RecordStore } from '../../../src/daemon-core/state/record-store.js';
import { missing, scaled } from '../host/requirements.js';
import { SEED, seededRandom } from '../local/random.js';
import { runningRecord, sampleRecord } from './sample-record.js';

const CHILD = fileURLToPath(new URL('record-store-child.js', import.meta.url));
const TIMES = scaled(100, 10);
const SPAN_MS = 60;

/** What may be on disk of one container, from what its child has told. */
interface Expected {
  /** The name that the record may have; `undefined` for no container. */
  names: (string | undefined)[];
  /** Codes of the exits in the journal, as lists that may be there. */
  journals: number[][];
}

describe(`a record store that is killed, seed ${SEED}`, () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync('/tmp/lcd-records-');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it(`has in its next life what it had told, ${TIMES} times`, async () => {
    const random = seededRandom(SEED);
    let expected = new Map<string, Expected>();
    for (let round = 0; round < TIMES; round++) {
      const told = await killAfter(random() * SPAN_MS, Math.floor(random() * 2 ** 32));
      expected = follow(expected, told);
      const store = await RecordStore.open(root);
      try {
        const { records, damaged } = await store.load();
        assert.deepEqual(damaged, [], `round ${round}`);
        const hidden = readdirSync(join(root, 'containers'), { recursive: true }).filter((name) =>
          /(^|\/)\./.test(String(name)),
        );
        assert.deepEqual(hidden, [], `round ${round}`);
        for (const [id, may] of expected) {
          const found = records.find(({ record }) => record.id === id);
          assertOneOf(may, found, `round ${round}, ${id}: ${told.slice(-12).join('; ')}`);
          const codes = found === undefined ? [] : codesOf(found);
          expected.set(id, { names: [found?.record.name], journals: [codes] });
        }
      } finally {
        await store.close();
      }
    }
  });

  async function killAfter(ms: number, seed: number): Promise<string[]> {
    const child = spawn(process.execPath, [CHILD, root, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), ended]);
    await delay(ms);
    child.kill('SIGKILL');
    await ended;
    assert.match(text, /^ready\n/);
    return text.split('\n').slice(1, -1);
  }
});

function codesOf({ facts }: LoadedRecord): number[] {
  return facts.flatMap((fact) => (fact.fact === 'exit' ? [fact.code] : []));
}

/** Carries what may be on disk over the steps that a child told of: one not told as done may be or not. */
function follow(before: ReadonlyMap<string, Expected>, told: readonly string[]): Map<string, Expected> {
  const now = new Map(['a', 'b', 'c'].map((id) => [id, before.get(id) ?? { names: [undefined], journals: [[]] }]));
  const under = new Map<string, Expected>();
  for (const line of told) {
    const [event, id = '', step = '', i = ''] = line.split(' ');
    const { names, journals } = now.get(id) ?? { names: [], journals: [] };
    if (event === 'done') {
      const done = under.get(id);
      if (done !== undefined) now.set(id, done);
      under.delete(id);
    } else if (step === 'append') {
      under.set(id, { names, journals: journals.map((codes) => [...codes, Number(i)]) });
    } else if (step === 'remove') {
      under.set(id, { names: [undefined], journals: [[]] });
    } else {
      // The record says that it runs, so an exit in the journal stays there.
      under.set(id, { names: [i], journals: step === 'create' ? [[]] : journals });
    }
  }
  for (const [id, half] of under) {
    const { names, journals } = now.get(id) ?? { names: [], journals: [] };
    now.set(id, { names: [...names, ...half.names], journals: [...journals, ...half.journals] });
  }
  return now;
}

function assertOneOf(may: Expected, found: LoadedRecord | undefined, where: string): void {
  assert.ok(may.names.includes(found?.record.name), `${where}: found ${found?.record.name} of ${may.names.join('|')}`);
  if (found === undefined) return;
  assert.deepEqual(found.record, runningRecord(found.record.id, 1, { name: found.record.name }), where);
  const journals = may.journals.map((codes) => codes.join());
  assert.ok(
    journals.includes(codesOf(found).join()),
    `${where}: found ${codesOf(found).join()} of ${journals.join('|')}`,
  );
}

describe('a record store on a full disk', { skip: missing('mount') }, () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync('/tmp/lcd-full-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'lcd-test', root]);
  });
  afterEach(() => {
    execFileSync('umount', [root]);
    rmSync(root, { recursive: true });
  });

  it('refuses what has no room, keeps what was there, and goes on when there is room again', async () => {
    const store = await RecordStore.open(root);
    const record = runningRecord('c1', 1);
    const exit = { fact: 'exit', run: 1, code: 5, exitedAt: 'then', unknown: false } as const;
    await store.create(record);
    await store.append('c1', exit);
    const filler = join(root, 'filler');
    fill(filler);
    const full = { errorClass: 'resource-exhausted' };
    await assert.rejects(store.save({ ...record, name: 'y'.repeat(5_000) }), full);
    await assert.rejects(store.append('c1', { fact: 'cgroup', run: 1, folder: 'z'.repeat(8_000) }), full);
    await assert.rejects(store.create(sampleRecord('c2')), full);
    assert.deepEqual(readdirSync(join(root, 'containers')), ['c1']);
    assert.deepEqual(readdirSync(join(root, 'containers', 'c1')).sort(), ['container.json', 'journal.jsonl']);
    assert.deepEqual(await store.load(), { records: [{ record, facts: [exit] }], damaged: [] });
    rmSync(filler);
    // After a line that was torn.
    await store.append('c1', { fact: 'cgroup', run: 1, folder: '/cg' });
    await store.save({ ...record, name: 'later' });
    const { records } = await store.load();
    assert.equal(records[0]?.record.name, 'later');
    assert.deepEqual(records[0].facts, [exit, { fact: 'cgroup', run: 1, folder: '/cg' }]);
    assert.match(readFileSync(join(root, 'containers', 'c1', 'container.json'), 'utf8'), /\n}\n$/);
    await store.close();
  });

  function fill(path: string): void {
    const { bavail, bsize } = statfsSync(root);
    writeFileSync(path, Buffer.alloc(bavail * bsize));
  }
});
