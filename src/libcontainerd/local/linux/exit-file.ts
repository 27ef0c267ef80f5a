import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../../../shim/bundle.js';
import type { DeadTask } from '../../../shim/shim.js';

const NAME = 'exit.json';

/**
 * Keeps how the init process ended in the bundle: a shim that dies after it, and before the task is deleted, can tell
 * nobody any more.
 */
export async function writeExit(bundle: Bundle, end: DeadTask): Promise<void> {
  const path = join(bundle.path, NAME);
  const temporary = join(bundle.path, `.${NAME}`);
  const { pid, exitStatus, exitedAt } = end;
  await writeFile(temporary, `${JSON.stringify({ pid, exitStatus, exitedAt: exitedAt.toISOString() })}\n`, {
    mode: 0o600,
  });
  await rename(temporary, path);
}

/** `undefined` when there is none, or none that can be read. */
export async function readExit(bundle: Bundle): Promise<DeadTask | undefined> {
  try {
    const document: unknown = JSON.parse(await readFile(join(bundle.path, NAME), 'utf8'));
    if (typeof document !== 'object' || document === null) return undefined;
    if (!('pid' in document) || !('exitStatus' in document) || !('exitedAt' in document)) return undefined;
    const { pid, exitStatus } = document;
    const exitedAt = new Date(String(document.exitedAt));
    if (typeof pid !== 'number' || typeof exitStatus !== 'number' || Number.isNaN(exitedAt.getTime())) return undefined;
    return { pid, exitStatus, exitedAt };
  } catch {
    return undefined;
  }
}
