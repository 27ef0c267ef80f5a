import { DeadlineExceededError } from '../../errdefs/index.js';

/** Stretches every deadline of the suite, for slow machines. */
const FACTOR = Number(process.env.SUITE_TIMEOUT_FACTOR ?? 1);
/** Multiplies the number of repetitions in cases that repeat. */
export const SCALE = Number(process.env.SUITE_SCALE ?? 1);

export function scaledMs(ms: number): number {
  return ms * FACTOR;
}

/** The promise's own outcome, or a failure that says what did not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, ms = 15_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineExceededError(`${what}: did not happen within ${scaledMs(ms)} ms`));
    }, scaledMs(ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
