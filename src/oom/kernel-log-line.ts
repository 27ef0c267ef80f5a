/** What one record of the kernel's log says of an OOM kill. */
export interface KernelLogLine {
  /** Of the record; grows by one with each, over all of this boot. */
  readonly sequence: number;
  /** `choice`: whom the kernel means to kill, and where; `kill`: whom it has killed. `other`: none of both. */
  readonly says: 'choice' | 'kill' | 'other';
  /** In the initial pid namespace; 0 with `other`. */
  readonly pid: number;
  /** The thread's name, at most 15 bytes; '' with `other`. */
  readonly name: string;
  /** Of the victim, below the root of the hierarchy; only with `choice`. */
  readonly cgroup: string | undefined;
}

/** The upper bits of the priority; 0 is the kernel's own. Others were written by programs, who may write anything. */
const FACILITY_SHIFT = 3;

/**
 * Reads a line of /dev/kmsg: `<priority>,<sequence>,<microseconds>,<flags>[,...];<text>`; its format is in Linux'
 * Documentation/ABI/testing/dev-kmsg. `undefined` for what is no such line, among them the lines of a record that begin
 * with a blank.
 */
export function parseKernelLogLine(line: string): KernelLogLine | undefined {
  const [, priority, digits, text] = /^(\d+),(\d+),\d+,[^;]*;(.*)$/.exec(line) ?? [];
  if (priority === undefined || digits === undefined || text === undefined) return undefined;
  const other = { sequence: Number(digits), says: 'other', pid: 0, name: '', cgroup: undefined } as const;
  if (Number(priority) >> FACILITY_SHIFT !== 0) return other;
  return { ...other, ...(parseChoice(text) ?? parseKill(text)) };
}

/** A process chooses its name, so the fields after it are looked for from the end. */
function parseChoice(text: string) {
  if (!text.startsWith('oom-kill:')) return undefined;
  const [, cgroup, name, pid] = /,task_memcg=(.*),task=(.*),pid=(\d+),uid=\d+$/.exec(text) ?? [];
  if (cgroup === undefined || name === undefined) return undefined;
  return { says: 'choice', pid: Number(pid), name: unescapeBytes(name), cgroup: unescapeBytes(cgroup) } as const;
}

/** Begins with what lacked memory: `Out of memory`, `Memory cgroup out of memory`, and others in older kernels. */
function parseKill(text: string) {
  const [, pid, name] = /^[\w ()]+: Killed process (\d+) \((.*)\) total-vm:/.exec(text) ?? [];
  if (pid === undefined || name === undefined) return undefined;
  return { says: 'kill', pid: Number(pid), name: unescapeBytes(name) } as const;
}

/** Bytes that are not printable ASCII, and backslashes, are written as `\xHH`. */
function unescapeBytes(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
