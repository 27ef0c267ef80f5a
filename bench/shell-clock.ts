import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 600_000;

export type Command = readonly string[];

/**
 * Runs commands from one bash, which reads the clock between them: what is measured is the commands, not how long Node
 * takes to start a process.
 */
export class ShellClock {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<ShellClock> {
    return new ShellClock(await mkdtemp(join(tmpdir(), 'lcd-clock-')));
  }

  /** Milliseconds of each. */
  async each(commands: readonly Command[]): Promise<number[]> {
    const lines = commands.flatMap((command) => [this.#line(command), 'echo "$EPOCHREALTIME"']);
    const output = await this.#bash(['echo "$EPOCHREALTIME"', ...lines]);
    const times = output.trim().split('\n').map(Number);
    return times.slice(1).map((time, index) => (time - (times[index] ?? Number.NaN)) * 1000);
  }

  /** Milliseconds for all: each loop runs its commands one after the other, the loops run side by side. */
  async loops(loops: readonly (readonly Command[])[]): Promise<number> {
    const output = await this.#bash([
      'began=$EPOCHREALTIME',
      ...loops.map(
        (commands) => `(\n${commands.map((command) => this.#line(command)).join('\n')}\n) & pids="$pids $!"`,
      ),
      'for pid in $pids; do wait "$pid" || exit 1; done',
      'echo "$began $EPOCHREALTIME"',
    ]);
    const [began = Number.NaN, ended = Number.NaN] = output.trim().split(' ').map(Number);
    return (ended - began) * 1000;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #bash(lines: readonly string[]): Promise<string> {
    const script = join(this.#folder, 'script');
    // In a file: a thousand commands are longer than an argument may be.
    await writeFile(script, ['export LC_ALL=C', ...lines, ''].join('\n'));
    try {
      return (await run('bash', ['-e', script], { timeout: TIMEOUT_MS })).stdout;
    } catch (cause) {
      const said = await readFile(this.#errors, 'utf8').catch(() => '');
      throw new Error(`a command of the bench failed: ${said.trim().split('\n').at(-1) ?? ''}`, { cause });
    }
  }

  #line(command: Command): string {
    return `${command.map(quoted).join(' ')} </dev/null >/dev/null 2>>${quoted(this.#errors)}`;
  }

  get #errors(): string {
    return join(this.#folder, 'stderr');
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
