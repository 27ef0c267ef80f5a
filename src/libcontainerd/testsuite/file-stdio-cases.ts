import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Capture } from './capture.js';
import type { CaseContext } from './case-context.js';
import { within } from './deadline.js';
import { rejectsWith } from './expect-error.js';
import type { DefineCase } from './suite-run.js';
import { patternBytes } from './workload.js';

const MIB = 1024 * 1024;

/** Output that a shim writes to files, with nobody in between. */
export function fileStdioCases(defineCase: DefineCase): void {
  const define = (
    name: string,
    body: (c: CaseContext, folder: string) => Promise<void>,
    needs?: { readonly capability: 'liveAttach' },
  ) =>
    defineCase(
      name,
      async (c) => {
        const folder = await mkdtemp(join(tmpdir(), 'suite-files-'));
        try {
          await body(c, folder);
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      needs,
    );

  define('writes each stream to its file, which it makes for nobody else to read', async (c, folder) => {
    const files = { stdout: join(folder, 'out'), stderr: join(folder, 'err') };
    const container = await c.container({ do: 'print', stdout: 'to out\n', stderr: 'to err\n', exit: 3 });
    const task = await c.newTask(container, { stdio: { files } });
    assert.equal((await stat(files.stdout)).mode & 0o137, 0);
    await within('start', task.start());
    assert.equal((await within('exit', task.wait())).code, 3);
    await within('delete', task.delete());
    await within('delete container', container.delete());
    assert.equal(await readFile(files.stdout, 'utf8'), 'to out\n');
    assert.equal(await readFile(files.stderr, 'utf8'), 'to err\n');
  });

  define('has written all when the task is deleted, behind what was there', async (c, folder) => {
    const stdout = join(folder, 'out');
    await writeFile(stdout, 'before');
    for (const bytes of [MIB, 1]) {
      const container = await c.container({ do: 'print-bytes', bytes });
      const task = await c.newTask(container, { stdio: { files: { stdout } } });
      await within('start', task.start());
      await within('exit', task.wait());
      await within('delete', task.delete());
    }
    const all = Buffer.concat([Buffer.from('before'), patternBytes(MIB), patternBytes(1)]);
    assert.ok((await readFile(stdout)).equals(all));
  });

  define('gives EOF on stdin', async (c, folder) => {
    const container = await c.container({ do: 'cat' });
    const task = await c.newTask(container, { stdio: { files: { stdout: join(folder, 'out') } } });
    await within('start', task.start());
    assert.equal((await within('exit', task.wait())).code, 0);
    await within('delete', task.delete());
  });

  define('refuses a terminal, one file for both streams, and what is no path of a file', async (c, folder) => {
    const stdout = join(folder, 'out');
    const withTerminal = await c.container({ do: 'exit', code: 0 }, { terminal: true });
    await rejectsWith(withTerminal.newTask({ stdio: { files: { stdout } } }), 'not-implemented', 'ERR_CAPABILITY');
    const container = await c.container({ do: 'exit', code: 0 });
    for (const path of ['out', '', folder, stdout]) {
      const refused = container.newTask({ stdio: { files: { stdout, stderr: path } } });
      await rejectsWith(refused, 'invalid-argument', 'ERR_OPTION_INVALID');
    }
    await rejectsWith(container.newTask({ stdio: { files: { stdout: join(folder, 'none', 'out') } } }), 'not-found');
    await rejectsWith(container.task(), 'not-found', 'ERR_TASK_NOT_FOUND');
  });

  define(
    'leaves the files to the shim when another client attaches, and for ever',
    async (c, folder) => {
      const before = await c.newClient();
      const stdout = join(folder, 'out');
      const container = await c.container({ do: 'sleep' }, { client: before });
      const task = await c.newTask(container, { stdio: { files: { stdout } } });
      await within('start', task.start());
      await within('ready', untilHolds(stdout, 'ready\n'));
      await within('close', before.close());

      const after = await c.newClient();
      const capture = new Capture();
      const restored = await within(
        'restore',
        after.restore({ attach: ({ id }) => (id === container.id ? capture.attach : undefined) }),
      );
      const found = restored.find((each) => each.container.id === container.id);
      assert.ok(found?.task !== undefined, String(found?.error));
      const { stdin, stdout: out, stderr } = capture.streams ?? {};
      assert.deepEqual([stdin, out, stderr], [undefined, undefined, undefined]);
      await within('kill', found.task.kill('SIGTERM'));
      assert.equal((await within('exit', found.task.wait())).code, 143);
      await within('delete', found.task.delete());
      await within('delete container', found.container.delete());
      assert.equal(await readFile(stdout, 'utf8'), 'ready\n');
    },
    { capability: 'liveAttach' },
  );
}

/** To be bounded by the caller. */
async function untilHolds(path: string, text: string): Promise<void> {
  while (!(await readFile(path, 'utf8')).includes(text)) await new Promise((resolve) => setImmediate(resolve));
}
