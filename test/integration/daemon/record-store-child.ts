// Run as a child process: creates, saves, appends and removes without end, and is killed by its test. Arguments: root,
// seed. Prints a line before and after each step, so that the test knows what must be on disk.
import { writeSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordStore } from '../../../src/daemon-core/state/record-store.js';
import { seededRandom } from '../local/random.js';
import { runningRecord } from './sample-record.js';

const [, , root = '', seed = '0'] = process.argv;
const random = seededRandom(Number(seed));
const store = await RecordStore.open(root);
const known = new Set((await store.load()).records.map(({ record }) => record.id));
// Not through the event loop: what was done is told at once.
const tell = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);

async function work(id: string): Promise<void> {
  for (let i = 1; ; i++) {
    const choice = random();
    if (!known.has(id)) {
      tell('begin', id, 'create', i);
      await store.create(runningRecord(id, 1, { name: String(i) }));
      known.add(id);
      // Enough to be in the middle of, when it is removed.
      await mkdir(join(store.folder(id), 'layer'));
      for (let file = 0; file < 20; file++) await writeFile(join(store.folder(id), 'layer', String(file)), 'x');
    } else if (choice < 0.4) {
      tell('begin', id, 'save', i);
      await store.save(runningRecord(id, 1, { name: String(i) }));
    } else if (choice < 0.8) {
      tell('begin', id, 'append', i);
      await store.append(id, { fact: 'exit', run: 1, code: i, exitedAt: 'then', unknown: false });
    } else {
      tell('begin', id, 'remove', i);
      await store.remove(id);
      known.delete(id);
    }
    tell('done', id);
  }
}

tell('ready');
await Promise.all(['a', 'b', 'c'].map(work));
