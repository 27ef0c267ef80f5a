/** A line of logrus, which Go's shims log with. */
export interface LogrusLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** All but level and message; `time` among them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const LEVELS: ReadonlyMap<string, LogrusLine['level']> = new Map([
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
  ['fatal', 'error'],
  ['panic', 'error'],
]);

/** One `key=value`; a value with blanks is quoted as Go's `%q` does. */
const PAIR = /([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)/y;

/** Reads the text format (`time="..." level=info msg="..."`) or the JSON one; anything else is a message by itself. */
export function parseLogrusLine(line: string): LogrusLine {
  const fields = line.startsWith('{') ? jsonFields(line) : textFields(line);
  const level = typeof fields?.level === 'string' ? LEVELS.get(fields.level) : undefined;
  if (fields === undefined || level === undefined) return { level: 'info', message: line, fields: {} };
  const { level: _level, msg, ...rest } = fields;
  return { level, message: typeof msg === 'string' ? msg : '', fields: rest };
}

function jsonFields(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined` when any part is no pair: half a line read as pairs would lose its other half. */
function textFields(line: string): Readonly<Record<string, unknown>> | undefined {
  const pairs: [string, string][] = [];
  const text = line.trimEnd();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < text.length) {
    const match = PAIR.exec(text);
    if (match === null) return undefined;
    const [, key = '', value = ''] = match;
    pairs.push([key, value.startsWith('"') ? unquote(value) : value]);
  }
  return Object.fromEntries(pairs);
}

/** Go escapes more than JSON does (`\x1b`, `\a`, `\U0001f600`); those few are left as they are written. */
function unquote(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted);
    if (typeof value === 'string') return value;
  } catch {
    // Below.
  }
  return quoted.slice(1, -1).replaceAll('\\"', '"');
}
