import { readFile, writeFile } from 'node:fs/promises';
import { toEngineError } from '../errdefs/index.js';

const MAX_SCORE = 1000;

/**
 * Lets the kernel end the process a little sooner than this one: our `oom_score_adj` and one more, 1000 at most
 * (containerd `pkg/shim`, `AdjustOOMScore`).
 * @throws NotFoundError when there is no such process; PermissionDeniedError; by errno
 */
export async function adjustOomScore(pid: number): Promise<void> {
  try {
    const own = Number.parseInt(await readFile('/proc/self/oom_score_adj', 'utf8'), 10);
    await writeFile(`/proc/${pid}/oom_score_adj`, String(Math.min(MAX_SCORE, own + 1)), { flag: 'r+' });
  } catch (err) {
    throw toEngineError(err, `adjust oom score of process ${pid}`);
  }
}
