import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OciSpec } from '../src/oci/runtime-spec.js';
import { LocalHost } from '../test/integration/host/local-host.js';
import { containerSpec } from '../test/integration/host/spec.js';
import { TestHost } from '../test/integration/host/test-host.js';
import type { Contender, StartTime } from './contender.js';
import { LibraryContender } from './library-contender.js';
import { type Command, ShellClock } from './shell-clock.js';
import { ShellContender } from './shell-contender.js';

export const WARM_SHIMS = 2;
const NAMESPACE = 'bench';
const TMPFS_MAGIC = 0x01021994;

/** Everybody who starts containers here, on one root file system: two embedded cores, a containerd, and the bare runtime. */
export class Peers {
  readonly rootfs: string;
  /** State folders of all of them. */
  readonly #states: string;
  readonly #cold: LocalHost;
  readonly #warm: LocalHost;
  readonly #containerd: TestHost;
  readonly #clock: ShellClock;

  private constructor(states: string, cold: LocalHost, warm: LocalHost, containerd: TestHost, clock: ShellClock) {
    this.#states = states;
    this.rootfs = cold.rootfs;
    this.#cold = cold;
    this.#warm = warm;
    this.#containerd = containerd;
    this.#clock = clock;
  }

  static async open(): Promise<Peers> {
    const states = await mkdtemp(join(await stateParent(), 'lcd-'));
    const cold = await LocalHost.start({ state: join(states, 'cold') });
    const warm = await LocalHost.start({ state: join(states, 'warm'), warmShims: WARM_SHIMS });
    const containerd = await TestHost.start({ state: join(states, 'containerd') });
    return new Peers(states, cold, warm, containerd, await ShellClock.open());
  }

  async cold(runtime = 'runc'): Promise<Contender> {
    const client = await this.#cold.client({ namespace: NAMESPACE, runtime });
    return new LibraryContender({ name: `embedded, cold${also(runtime)}`, client, specOf: this.#specOf });
  }

  async warm(runtime = 'runc'): Promise<Contender> {
    const client = await this.#warm.client({ namespace: NAMESPACE, runtime });
    const pool = { folder: join(this.#states, 'warm', 'warm', NAMESPACE), size: WARM_SHIMS };
    return new LibraryContender({ name: `embedded, warm${also(runtime)}`, client, specOf: this.#specOf, pool });
  }

  async remote(): Promise<Contender> {
    const runtimeOptions = { kind: 'runc', root: this.#runcRoot } as const;
    const stateDir = join(this.#states, 'stdio');
    const client = await this.#containerd.client({ namespace: NAMESPACE, runtimeOptions, stateDir });
    return new LibraryContender({ name: 'remote (ours) on containerd', client, specOf: this.#specOf });
  }

  /** The OCI runtime with nothing around it: two commands, bundle prepared, output to /dev/null. */
  bare(runtime = 'runc'): Contender {
    return new ShellContender({
      name: `bare ${runtime} create + start`,
      clock: this.#clock,
      prepare: (id) => this.#writeConfig(id),
      commands: (id) => this.#bareCommands(runtime, id),
      removal: (ids) => ids.map((id) => [...this.#bareBase(runtime), 'delete', '--force', id]),
      tidy: (id) => rm(this.#bundle(id), { recursive: true, force: true }),
    });
  }

  /** The same two commands, each started by Node: shows what the shell's clock leaves out. */
  bareFromNode(): Contender {
    const bare = this.bare();
    const start = async (id: string): Promise<StartTime> => {
      await this.#writeConfig(id);
      const stepsMs: number[] = [];
      for (const [program = '', ...args] of this.#bareCommands('runc', id)) {
        const startedAt = performance.now();
        await spawned(program, args);
        stepsMs.push(performance.now() - startedAt);
      }
      return { totalMs: stepsMs.reduce((sum, step) => sum + step, 0), stepsMs };
    };
    return {
      name: 'bare runc, spawned by Node',
      ready: () => bare.ready(),
      start,
      startAll: (ids, concurrency) => bare.startAll(ids, concurrency),
      remove: (ids) => bare.remove(ids),
    };
  }

  ctr(): Contender {
    const { address } = this.#containerd;
    const base = ['ctr', '--address', address, '--namespace', 'bench-ctr'];
    const runcRoot = ['--runc-root', this.#runcRoot];
    const config = (id: string) => join(this.#bundle(id), 'config.json');
    return new ShellContender({
      name: 'ctr run -d',
      clock: this.#clock,
      prepare: (id) => this.#writeConfig(id),
      commands: (id) => [[...base, 'run', '--detach', '--null-io', ...runcRoot, '--config', config(id), id]],
      removal: (ids) => [
        [...base, 'tasks', 'delete', '--force', ...ids],
        [...base, 'containers', 'delete', ...ids],
      ],
      tidy: (id) => rm(this.#bundle(id), { recursive: true, force: true }),
    });
  }

  /** Why crun cannot be measured here; `undefined` when it can. */
  async crunProblem(): Promise<string | undefined> {
    const id = 'probe-crun';
    const bare = this.bare('crun');
    try {
      await bare.start(id);
      return undefined;
    } catch (err) {
      return err instanceof Error ? err.message : String(err);
    } finally {
      await bare.remove([id]).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.#clock.close();
    for (const host of [this.#warm, this.#containerd, this.#cold]) await host.stop();
    await rm(this.#states, { recursive: true, force: true });
  }

  readonly #specOf = (): OciSpec =>
    containerSpec({
      rootfs: this.rootfs,
      process: { args: ['/bin/sleep', '3600'], cwd: '/', env: ['PATH=/bin'] },
    });

  #bundle(id: string): string {
    return join(this.#states, 'bare', id);
  }

  get #runcRoot(): string {
    return join(this.#states, 'runc');
  }

  #bareBase(runtime: string): Command {
    return [runtime, '--root', join(this.#states, 'bare-state')];
  }

  #bareCommands(runtime: string, id: string): readonly Command[] {
    const bundle = this.#bundle(id);
    const base = this.#bareBase(runtime);
    return [
      [...base, 'create', '--bundle', bundle, '--pid-file', join(bundle, 'init.pid'), id],
      [...base, 'start', id],
    ];
  }

  async #writeConfig(id: string): Promise<void> {
    await mkdir(this.#bundle(id), { recursive: true });
    await writeFile(join(this.#bundle(id), 'config.json'), JSON.stringify(this.#specOf()));
  }
}

function also(runtime: string): string {
  return runtime === 'runc' ? '' : ` (${runtime})`;
}

/** With no pipes: runc create hands what it has to the container. */
function spawned(program: string, args: readonly string[]): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  });
}

/** In memory, as /run is on a usual host; it is not on every machine that is measured on. */
async function stateParent(): Promise<string> {
  const isMemory = await statfs('/dev/shm').then(
    ({ type }) => type === TMPFS_MAGIC,
    () => false,
  );
  return isMemory ? '/dev/shm' : tmpdir();
}
