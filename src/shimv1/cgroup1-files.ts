import { readFile } from 'node:fs/promises';
import { DataLossError, toEngineError } from '../errdefs/index.js';

/** `undefined` when there is no such file; so do the others here. */
export async function readNumber(path: string): Promise<bigint | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : parseNumber(text, path);
}

/** Lines of a name and a number. */
export async function readFlat(path: string): Promise<ReadonlyMap<string, bigint> | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const values = new Map<string, bigint>();
  for (const line of text.split('\n')) {
    const [name, value] = line.split(' ');
    if (name !== undefined && value !== undefined) values.set(name, parseNumber(value, path));
  }
  return values;
}

export function readText(path: string): Promise<string | undefined> {
  return present(readFile(path, 'utf8'), path);
}

/** `undefined` for what is not there: ENODEV when the cgroup is removed while the file is open, EOPNOTSUPP by kernels. */
export async function present<T>(reading: Promise<T>, path: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (err) {
    const errno = err instanceof Error && 'code' in err ? err.code : undefined;
    if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENOTSUP' || errno === 'EOPNOTSUPP') return undefined;
    throw toEngineError(err, `read ${path}`);
  }
}

export function parseNumber(text: string, where: string): bigint {
  const digits = text.trim();
  if (/^\d+$/.test(digits)) return BigInt(digits);
  throw new DataLossError(`read ${where}: ${JSON.stringify(digits)} is no number`);
}
