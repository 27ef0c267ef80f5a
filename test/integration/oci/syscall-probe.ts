import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { OciCapabilities, OciMount, OciSeccomp, OciSpec } from '../../../src/oci/runtime-spec.js';
import { makeRootfs } from '../host/rootfs.js';
import { containerSpec } from '../host/spec.js';

const RUN_MS = 20_000;
const MODULES = resolve('node_modules');
const LIBRARIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'].filter((folder) => existsSync(folder));

/** Why the probe cannot run here; `false` when it can. */
export function probeLacks(): string | false {
  if (process.arch !== 'x64') return `knows the numbers of x64 only, this is ${process.arch}`;
  return !existsSync(join(MODULES, '@koromix/koffi-linux-x64')) && 'needs koffi, an optional dependency';
}

/** `[number, arguments...]` by name. */
export type Calls = Readonly<Record<string, readonly number[]>>;

/**
 * A container with a Node in it, which makes system calls by number through koffi and tells the errno of each. That the
 * Node comes up at all says that threads, epoll and timers work.
 */
export class SyscallProbe {
  readonly #folder: string;
  readonly #runtime: string;

  private constructor(runtime: string, folder: string) {
    this.#runtime = runtime;
    this.#folder = folder;
  }

  static async start(runtime: string): Promise<SyscallProbe> {
    const folder = await mkdtemp('/tmp/syscall-probe-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    await mkdir(join(rootfs, 'probe/node_modules/@koromix'), { recursive: true });
    for (const name of ['koffi', '@koromix/koffi-linux-x64']) {
      await mkdir(join(rootfs, 'probe/node_modules', name), { recursive: true });
    }
    await writeFile(join(rootfs, 'probe/probe.mjs'), PROBE);
    await writeFile(join(rootfs, 'probe/node'), '');
    for (const library of LIBRARIES) await mkdir(join(rootfs, library), { recursive: true });
    await symlink('/proc/self/fd', join(rootfs, 'dev/fd')).catch(() => undefined);
    return new SyscallProbe(runtime, folder);
  }

  /** The errno of each call; 0 for success. */
  async errnos(calls: Calls, capabilities: OciCapabilities, seccomp?: OciSeccomp): Promise<Record<string, number>> {
    const args = ['/probe/node', '/probe/probe.mjs', JSON.stringify(calls)];
    const result: unknown = JSON.parse(await this.run(args, capabilities, seccomp));
    if (typeof result !== 'object' || result === null) throw new Error('the probe printed no object');
    return Object.fromEntries(Object.entries(result).map(([name, errno]) => [name, Number(errno)]));
  }

  /** What a container prints. Rejects with what it complains about when it exits with another code than 0. */
  async run(args: readonly string[], capabilities: OciCapabilities, seccomp?: OciSeccomp): Promise<string> {
    const id = `probe-${randomBytes(6).toString('hex')}`;
    const bundle = join(this.#folder, id);
    await mkdir(bundle);
    await writeFile(join(bundle, 'config.json'), JSON.stringify(this.#spec(args, capabilities, seccomp)));
    const command = ['--root', join(this.#folder, 'state'), 'run', '--bundle', bundle, id];
    const { stdout } = await promisify(execFile)(this.#runtime, command, { timeout: RUN_MS, killSignal: 'SIGKILL' });
    return stdout;
  }

  #spec(args: readonly string[], capabilities: OciCapabilities, seccomp: OciSeccomp | undefined): OciSpec {
    const env = ['PATH=/bin', 'HOME=/'];
    const plain = containerSpec({
      rootfs: join(this.#folder, 'rootfs'),
      process: { args, env, cwd: '/', capabilities, noNewPrivileges: false },
    });
    const mounts = [...(plain.mounts ?? []), ...this.#mounts()];
    return { ...plain, mounts, linux: { ...plain.linux, ...(seccomp && { seccomp }) } };
  }

  #mounts(): OciMount[] {
    const bind = (source: string, destination: string): OciMount => ({
      destination,
      source,
      type: 'bind',
      options: ['rbind', 'ro'],
    });
    return [
      bind(process.execPath, '/probe/node'),
      ...['koffi', '@koromix/koffi-linux-x64'].map((name) => bind(join(MODULES, name), `/probe/node_modules/${name}`)),
      ...LIBRARIES.map((library) => bind(library, library)),
    ];
  }

  async stop(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const PROBE = `
import koffi from 'koffi';
const l = 'int64_t';
const syscall = koffi.load(null).func('syscall', l, [l, l, l, l, l, l, l]);
const result = {};
for (const [name, [number, ...args]] of Object.entries(JSON.parse(process.argv[2]))) {
  koffi.errno(0);
  const value = syscall(number, ...Array.from({ length: 6 }, (_, index) => args[index] ?? 0));
  result[name] = Number(value) === -1 ? koffi.errno() : 0;
}
console.log(JSON.stringify(result));
`;
