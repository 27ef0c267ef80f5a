import { InternalError, InvalidArgumentError } from '../../errdefs/index.js';

/** As `docker top` shows it. */
export interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** A column that is given the title of another one: a client could make another number look like a pid. */
const RENAMED = /\s+(\S*)=\s*(PID\S*)/g;
const BLANKS = /[\t\n\f\r ]+/;

/** @throws InvalidArgumentError for arguments that give the title PID to another column (moby daemon/top_unix.go) */
export function validatePsArgs(args: string): void {
  for (const [, column, title] of args.matchAll(RENAMED)) {
    if (column !== 'pid') throw new InvalidArgumentError(`specifying "${column}=${title}" is not allowed`);
  }
}

export function fieldsOf(line: string): string[] {
  return line.split(BLANKS).filter((field) => field !== '');
}

/**
 * Takes the processes with these pids out of what `ps` printed. The last column has the rest of its line, blanks and all
 * runs of them as one. A line without a pid, as of a thread, belongs to the process before it.
 * @throws InternalError when there is no column PID, or something else than pids in it
 */
export function parsePsOutput(output: string, pids: readonly number[]): ProcessTable {
  const [head = '', ...lines] = output.split('\n');
  const Titles = fieldsOf(head);
  const column = Titles.indexOf('PID');
  if (column < 0) throw new InternalError("Couldn't find PID field in ps output");
  const wanted = new Set(pids);
  const Processes: string[][] = [];
  let isOfOurs = false;
  for (const line of lines) {
    const fields = fieldsOf(line);
    if (fields.length === 0) continue;
    const field = fields[column] ?? '';
    if (field !== '-') {
      if (!/^\d+$/.test(field)) throw new InternalError(`Unexpected pid '${field}'`);
      isOfOurs = wanted.has(Number(field));
    }
    if (!isOfOurs) continue;
    const last = Titles.length - 1;
    Processes.push([...fields.slice(0, last), fields.slice(last).join(' ')]);
  }
  return { Titles, Processes };
}
