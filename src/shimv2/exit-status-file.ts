import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../shim/bundle.js';
import type { DeadTask } from '../shim/shim.js';

/** Larger than any true one by far. */
const MAX_BYTES = 64 * 1024;
const HIGHEST_STATUS = 255;

/**
 * How the container's init ended, where the shim saw it and left `exitstatus.json` in the bundle (containerd#14113).
 * Anything but a whole record counts as none: a shim that was killed may have been writing it.
 */
export async function readExitStatusFile(bundle: Bundle): Promise<DeadTask | undefined> {
  try {
    const text = await readFile(join(bundle.path, 'exitstatus.json'));
    return text.length > MAX_BYTES ? undefined : parseExitStatus(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Go's names of the fields, whatever their case: upstream may give them JSON names, and its decoder takes both. */
export function parseExitStatus(text: string): DeadTask | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
  const exitStatus = fields.get('status');
  const pid = fields.get('pid');
  const timestamp = fields.get('timestamp');
  if (!isCount(exitStatus) || exitStatus > HIGHEST_STATUS || typeof timestamp !== 'string') return undefined;
  const exitedAt = new Date(timestamp);
  if (Number.isNaN(exitedAt.getTime())) return undefined;
  return { pid: isCount(pid) ? pid : 0, exitStatus, exitedAt };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
