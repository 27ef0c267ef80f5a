import { readdir, readFile } from 'node:fs/promises';
import { until } from './until.js';

/** Stops a process by SIGSTOP, and waits until it is: for a moment its threads on another CPU go on and may still answer. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(`every thread of ${pid} stands still`, async () => {
    const threads = await readdir(`/proc/${pid}/task`);
    const states = await Promise.all(threads.map((id) => stateOf(`/proc/${pid}/task/${id}/stat`)));
    return states.every((state) => state === 'T' || state === undefined);
  });
}

/** As proc(5) has it; `undefined` for a thread that has ended. */
async function stateOf(path: string): Promise<string | undefined> {
  const stat = await readFile(path, 'utf8').catch(() => undefined);
  return stat?.charAt(stat.lastIndexOf(')') + 2);
}
