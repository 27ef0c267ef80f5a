import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeHost, type FakeClient, type FakeHost, type FakePrograms } from '../../libcontainerd/fake/index.js';
import type { HostConfig } from '../../oci/config/host-config.js';
import { createEngine } from '../create-engine.js';
import type { Engine } from '../engine.js';
import type { EngineContainer } from '../engine-container.js';
import type { EngineOptions } from '../engine-options.js';

const PROGRAMS: FakePrograms = {
  /** Runs until a signal ends it. */
  sleep: () => new Promise<never>(() => {}),
  exit: ({ args }) => Number(args[1]),
  /** Runs until SIGKILL ends it. */
  deaf: (process) => {
    process.onSignal(() => {});
    return new Promise<never>(() => {});
  },
};

/** An engine on a host in memory: for what depends on no kernel. */
export class FakeEngine {
  readonly folder = mkdtempSync(join(tmpdir(), 'fake-engine-'));
  readonly host: FakeHost;
  readonly #options: EngineOptions;
  client: FakeClient;
  #engine: Engine | undefined;

  private constructor(options: EngineOptions, programs: FakePrograms) {
    this.#options = options;
    this.host = createFakeHost({ programs: { ...PROGRAMS, ...programs }, namespace: 'docker' });
    this.client = this.host.client();
  }

  static async start(options: EngineOptions = {}, programs: FakePrograms = {}): Promise<FakeEngine> {
    const fake = new FakeEngine(options, programs);
    await mkdir(join(fake.folder, 'rootfs'));
    await fake.open();
    return fake;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('the engine is not open');
    return this.#engine;
  }

  /** A new life on the same folders and host. The one before has to be closed. */
  async open(options: EngineOptions = {}): Promise<void> {
    this.client = this.host.client();
    this.#engine = await createEngine({
      root: join(this.folder, 'root'),
      state: join(this.folder, 'state'),
      backend: this.client,
      ...this.#options,
      ...options,
    });
  }

  async reopen(options: EngineOptions = {}): Promise<void> {
    await this.engine.close();
    await this.client.close();
    await this.open(options);
  }

  async create(Cmd: readonly string[], hostConfig: HostConfig = {}, name?: string): Promise<EngineContainer> {
    const { container } = await this.engine.create({
      config: { Cmd },
      hostConfig: { NetworkMode: 'none', ...hostConfig },
      rootfs: join(this.folder, 'rootfs'),
      name,
    });
    return container;
  }

  async running(Cmd: readonly string[], hostConfig: HostConfig = {}, name?: string): Promise<EngineContainer> {
    const container = await this.create(Cmd, hostConfig, name);
    await container.start();
    return container;
  }

  /** Resolves when there was such an event since the engine was opened. */
  async seen(action: string): Promise<void> {
    for await (const event of this.engine.events({ since: new Date(0) })) if (event.Action === action) return;
  }

  async stop(): Promise<void> {
    await this.#engine?.destroy();
    await this.client.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
