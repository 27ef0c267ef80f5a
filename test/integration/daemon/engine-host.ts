import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ContainerConfig,
  createEngine,
  type Engine,
  type EngineContainer,
  type EngineOptions,
  type HostConfig,
} from '../../../src/daemon-core/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { endLeftovers, leftovers } from '../host/leftovers.js';
import { makeRootfs } from '../host/rootfs.js';

/** An engine of the test's own, in a folder of its own, on the embedded core unless the options say otherwise. */
export class EngineHost {
  readonly folder: string;
  readonly rootfs: string;
  readonly options: EngineOptions;
  engine: Engine;

  private constructor(folder: string, rootfs: string, options: EngineOptions, engine: Engine) {
    this.folder = folder;
    this.rootfs = rootfs;
    this.options = options;
    this.engine = engine;
  }

  static async start(options: EngineOptions = {}): Promise<EngineHost> {
    const folder = await mkdtemp('/tmp/lcd-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    const all = engineOptions(folder, options);
    return new EngineHost(folder, rootfs, all, await createEngine(all));
  }

  /** A container on this host's busybox, under a writable layer of its own. */
  async create(config: ContainerConfig, hostConfig: HostConfig = {}, name?: string): Promise<EngineContainer> {
    const rootfs = { kind: 'overlay', layers: [this.rootfs] } as const;
    const { container } = await this.engine.create({
      config,
      hostConfig: { NetworkMode: 'none', ...hostConfig },
      rootfs,
      ...(name === undefined ? {} : { name }),
    });
    return container;
  }

  async running(config: ContainerConfig, hostConfig: HostConfig = {}, name?: string): Promise<EngineContainer> {
    const container = await this.create(config, hostConfig, name);
    await container.start();
    return container;
  }

  /** What a new life of the engine finds. */
  async reopen(): Promise<void> {
    await this.engine.close();
    await this.open();
  }

  /** The next engine, when the one before is closed or was killed. */
  async open(): Promise<void> {
    this.engine = await createEngine(this.options);
  }

  leftovers(): Promise<string[]> {
    return leftovers(this.folder);
  }

  async removeAll(): Promise<void> {
    for (const container of this.engine.list()) await container.remove({ force: true, volumes: true });
  }

  /** Removes everything; then fails when a shim, mount or FIFO was left. */
  async stop(): Promise<void> {
    await this.removeAll();
    await this.engine.close();
    const left = await this.leftovers();
    await endLeftovers(this.folder);
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join('; ')}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The same for a process of its own that is killed and comes again. */
export function engineOptions(folder: string, options: EngineOptions = {}): EngineOptions {
  return {
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    cgroupParent: '/libcontainerd-test',
    ...options,
  };
}

export function sh(script: string): ContainerConfig {
  return { Cmd: ['/bin/sh', '-c', script] };
}

export const SLEEP: ContainerConfig = { Cmd: ['/bin/sleep', '1000'] };

/** All of what a container has printed on a stream, as its log has it. */
export async function logOf(container: EngineContainer, stream?: 'stdout' | 'stderr'): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const entry of container.logs()) {
    if (stream === undefined || entry.stream === stream) chunks.push(entry.line);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs a command in it and gives what it printed, with its exit code. */
export async function execIn(container: EngineContainer, ...Cmd: string[]): Promise<{ out: string; code: number }> {
  const exec = container.exec({ Cmd, AttachStdout: true, AttachStderr: true });
  const { stdout, stderr } = exec.attach({ stdout: true, stderr: true });
  const chunks: Buffer[] = [];
  stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await exec.start();
  const code = await exec.wait({ timeoutMs: scaledMs(30_000) });
  return { out: Buffer.concat(chunks).toString('utf8'), code };
}
