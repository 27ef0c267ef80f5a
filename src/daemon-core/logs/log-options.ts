import { InvalidArgumentError } from '../../errdefs/index.js';
import { readByteSize } from '../../oci/config/byte-size.js';

/** What a container's log is asked to be: the options of `json-file` and `direct`, checked. */
export interface LogOptions {
  /** A file that has grown to this is rotated. @default none: it grows without end */
  readonly maxSizeBytes: number | undefined;
  /** Files kept, the newest one included. */
  readonly maxFiles: number;
  /** Rotated files are kept as gzip. */
  readonly compress: boolean;
  /** What the writer may hold in memory before it drops output; undefined: it holds the container back in place of dropping. */
  readonly dropAboveBytes: number | undefined;
}

const DEFAULT_DROP_ABOVE_BYTES = 1e6;
const SIZES = ['max-size', 'max-file', 'compress'];
const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
/** Every driver takes these (moby `daemon/logger/factory.go`). */
const DELIVERY = ['mode', 'max-buffer-size'];

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...SIZES, ...ATTRIBUTES],
  direct: SIZES,
};

/**
 * Reads the options of a driver.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in Docker's words: no such driver, an unknown option, a value that
 * is none. Behaviour: moby `daemon/logger/factory.go`, `jsonfilelog.go`; there the values are checked at the first
 * start only, here at once.
 */
export function parseLogOptions(driver: string, config: Readonly<Record<string, string>>): LogOptions {
  const none = { maxSizeBytes: undefined, maxFiles: 1, compress: false, dropAboveBytes: undefined };
  if (driver === 'none') return none;
  const known = Object.hasOwn(KNOWN, driver) ? KNOWN[driver] : undefined;
  if (known === undefined) throw invalid(`logger: no log driver named '${driver}' is registered`);
  const dropAboveBytes = parseMode(config);
  for (const name of Object.keys(config)) {
    if (DELIVERY.includes(name) || known.includes(name)) continue;
    throw invalid(`unknown log opt '${name}' for ${driver} log driver`);
  }
  if (driver === 'direct' && dropAboveBytes !== undefined) {
    throw invalid('logger: logging mode not supported: non-blocking, for no byte passes through the direct log driver');
  }
  return { ...parseRotation(config), dropAboveBytes };
}

function parseMode(config: Readonly<Record<string, string>>): number | undefined {
  const mode = config.mode ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  const bufferSize = config['max-buffer-size'];
  if (bufferSize === undefined) return mode === 'non-blocking' ? DEFAULT_DROP_ABOVE_BYTES : undefined;
  if (mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  return parseSize(bufferSize, 1024);
}

function parseRotation(config: Readonly<Record<string, string>>): Omit<LogOptions, 'dropAboveBytes'> {
  const size = config['max-size'];
  const maxSizeBytes = size === undefined ? undefined : parseSize(size, 1000);
  if (maxSizeBytes !== undefined && maxSizeBytes < 1) throw invalid('max-size must be a positive number');
  const files = config['max-file'] ?? '1';
  if (!/^[+-]?\d+$/.test(files)) throw invalid(`max-file is not a number: '${files}'`);
  const maxFiles = Number(files);
  if (maxFiles < 1) throw invalid('max-file cannot be less than 1');
  const compress = parseBoolean('compress', config.compress ?? 'false');
  if (compress && (maxFiles === 1 || maxSizeBytes === undefined)) {
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return { maxSizeBytes, maxFiles, compress };
}

function parseSize(text: string, base: 1000 | 1024): number {
  const size = readByteSize(text, base);
  if ('problem' in size) throw invalid(size.problem);
  return size.bytes;
}

function parseBoolean(name: string, text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw invalid(`${name} is neither true nor false: '${text}'`);
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID' });
}
