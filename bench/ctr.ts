import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** containerd's own command line client, on one containerd and namespace. */
export class Ctr {
  readonly #base: readonly string[];

  constructor(address: string, namespace: string) {
    this.#base = ['--address', address, '--namespace', namespace];
  }

  async call(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('ctr', [...this.#base, ...args], { timeout: TIMEOUT_MS });
    return stdout;
  }
}
