import { readFileSync } from 'node:fs';
import { it } from 'node:test';

it('hangs and stops the timer inside the machine on purpose', async () => {
  for (let pid = process.ppid; pid > 1; ) {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    if (name === 'timeout') process.kill(pid, 'SIGSTOP');
    pid = Number(parent ?? 0);
  }
  setInterval(() => {}, 60_000);
  await new Promise<never>(() => {});
});
