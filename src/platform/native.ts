import { constants } from 'node:os';
import process from 'node:process';

/** The few functions of the C library that Node lacks. Each returns 0, or the errno of its failure. */
export interface Libc {
  /** mkfifo(3). The mode is reduced by the process' umask. */
  mkfifo(path: string, mode: number): number;
}

let loading: Promise<Libc | undefined> | undefined;

/**
 * The C library by way of koffi, or `undefined` where there is none: koffi is optional, the platform may lack a
 * prebuilt binary, and `LIBCONTAINERD_NO_NATIVE=1` asks to do without. Loaded once, at the first call. Never rejects.
 */
export function loadLibc(): Promise<Libc | undefined> {
  if (process.env.LIBCONTAINERD_NO_NATIVE === '1') return Promise.resolve(undefined);
  loading ??= bindLibc();
  return loading;
}

async function bindLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    // The process itself, and not 'libc.so.6': this also finds musl.
    const mkfifo = koffi.load(null).func('int mkfifo(const char *path, uint32_t mode)');
    return {
      mkfifo(path, mode) {
        const result: unknown = mkfifo(path, mode);
        return result === 0 ? 0 : koffi.errno();
      },
    };
  } catch {
    return undefined;
  }
}

/** `EEXIST` for 17. The number itself when it has no name here. */
export function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? String(errno);
}
