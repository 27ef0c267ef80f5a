// Removes build folders given by name, so that a renamed source file leaves no stale output behind.
import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) {
  if (!/^dist(-test)?$/.test(folder)) throw new Error(`clean: will not remove ${folder}`);
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
}
