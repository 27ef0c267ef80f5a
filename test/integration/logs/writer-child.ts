import { openContainerLog } from '../../../src/daemon-core/logs/open-log.js';

/** An engine that prints numbered lines into the log in the folder until it is killed. Says so when the first are written. */
const [folder = '', first = '0'] = process.argv.slice(2);
const log = openContainerLog({
  folder,
  id: 'c1',
  logConfig: { Type: 'json-file', Config: { 'max-size': '200k', 'max-file': '4', compress: 'true' } },
});
const writer = await log.openWriter();
for (let next = Number(first); ; ) {
  const lines: string[] = [];
  for (let i = 0; i < 500; i++) lines.push(`${next++} ${'x'.repeat(next % 150)}\n`);
  if (!writer.write('stdout', Buffer.from(lines.join('')))) await writer.ready();
  await new Promise((resolve) => setImmediate(resolve));
  if (next === Number(first) + 500) process.stdout.write('writing\n');
}
