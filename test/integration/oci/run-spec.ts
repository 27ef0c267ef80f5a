import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSpec } from '../../../src/oci/build/build-spec.js';
import { type HostFacts, readHostFacts } from '../../../src/oci/build/host-facts.js';
import type { SpecInput } from '../../../src/oci/build/spec-input.js';
import type { ContainerConfig } from '../../../src/oci/config/container-config.js';
import type { HostConfig } from '../../../src/oci/config/host-config.js';
import type { OciSpec } from '../../../src/oci/runtime-spec.js';
import { stringifyForGo } from '../../../src/protocol/go-json.js';
import { makeRootfs } from '../host/rootfs.js';

const RUN_MS = 20_000;

export interface Request {
  /** Run by /bin/sh in the container. */
  readonly script: string;
  readonly config?: ContainerConfig;
  readonly hostConfig?: HostConfig;
  readonly rest?: Partial<SpecInput>;
}

/** Containers of built specs, straight through an OCI runtime: what the spec says, and nobody else's doing. */
export class SpecRuns {
  readonly folder: string;
  readonly rootfs: string;
  readonly host: HostFacts;
  readonly #runtime: string;

  private constructor(runtime: string, folder: string, rootfs: string, host: HostFacts) {
    this.#runtime = runtime;
    this.folder = folder;
    this.rootfs = rootfs;
    this.host = host;
  }

  static async start(runtime: string): Promise<SpecRuns> {
    const folder = await mkdtemp('/tmp/spec-run-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    return new SpecRuns(runtime, folder, rootfs, await readHostFacts());
  }

  async spec({ script, config = {}, hostConfig = {}, rest = {} }: Request): Promise<OciSpec> {
    const id = randomBytes(6).toString('hex');
    return buildSpec({
      id,
      name: 'spec_run',
      config: { Cmd: ['/bin/sh', '-c', script], Hostname: 'spec-run', ...config },
      hostConfig,
      host: this.host,
      rootfs: { path: this.rootfs, view: { layers: [this.rootfs] } },
      mounts: [],
      files: {},
      joined: {},
      cgroupsPath: `/libcontainerd-test/spec-run/${id}`,
      ...rest,
    });
  }

  /** @returns what the script printed; fails with what the runtime said */
  async output(request: Request): Promise<string> {
    const { id, bundle } = await this.#bundle(request);
    return this.#call(['run', '--bundle', bundle, id]);
  }

  /** Starts one that goes on. @returns the pid of its init process, and how to end it */
  async detached(request: Request): Promise<{ pid: number; end: () => Promise<void> }> {
    const { id, bundle } = await this.#bundle(request);
    await this.#detach(['run', '--detach', '--bundle', bundle, id]);
    const state: unknown = JSON.parse(await this.#call(['state', id]));
    const pid = typeof state === 'object' && state !== null && 'pid' in state ? Number(state.pid) : Number.NaN;
    return {
      pid,
      end: async () => {
        await this.#call(['delete', '--force', id]);
      },
    };
  }

  async stop(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #bundle(request: Request): Promise<{ id: string; bundle: string }> {
    const id = `spec-run-${randomBytes(6).toString('hex')}`;
    const bundle = join(this.folder, id);
    await mkdir(bundle);
    await writeFile(join(bundle, 'config.json'), stringifyForGo(await this.spec(request)));
    return { id, bundle };
  }

  /** Without pipes: the container would hold their ends for as long as it lives. */
  async #detach(args: readonly string[]): Promise<void> {
    const child = spawn(this.#runtime, ['--root', join(this.folder, 'state'), ...args], { stdio: 'ignore' });
    const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(RUN_MS) });
    if (code !== 0) throw new Error(`${this.#runtime} ${args.join(' ')}: exit code ${code}`);
  }

  #call(args: readonly string[]): Promise<string> {
    const all = ['--root', join(this.folder, 'state'), ...args];
    return new Promise((resolve, reject) => {
      const child = execFile(this.#runtime, all, { timeout: RUN_MS }, (err, stdout, stderr) => {
        if (err === null) resolve(stdout);
        else reject(new Error(`${this.#runtime} ${args.join(' ')}: ${stderr || err.message} ${stdout}`));
      });
      child.stdin?.end();
    });
  }
}
