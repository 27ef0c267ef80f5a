import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalClient } from '../../../src/libcontainerd/local/linux/client.js';
import { EmbeddedCore } from '../../../src/libcontainerd/local/linux/core.js';
import type { CoreOptions, LocalClientOptions } from '../../../src/libcontainerd/local/linux/options.js';
import { endLeftovers, leftovers } from './leftovers.js';
import { makeRootfs } from './rootfs.js';

/** An embedded core of the test's own in a folder of its own, with a busybox root file system beside it. */
export class LocalHost {
  readonly folder: string;
  readonly rootfs: string;
  readonly options: CoreOptions;
  core: EmbeddedCore;

  private constructor(folder: string, rootfs: string, options: CoreOptions, core: EmbeddedCore) {
    this.folder = folder;
    this.rootfs = rootfs;
    this.options = options;
    this.core = core;
  }

  static async start(options: CoreOptions = {}): Promise<LocalHost> {
    const folder = await mkdtemp('/tmp/lcd-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    const all = { root: join(folder, 'root'), state: join(folder, 'state'), ...options };
    return new LocalHost(folder, rootfs, all, await EmbeddedCore.open(all));
  }

  async client(options: LocalClientOptions = {}): Promise<LocalClient> {
    return this.core.client({ ...options, namespace: options.namespace ?? 'test' });
  }

  /** What a new life of the engine finds. */
  async reopen(): Promise<void> {
    await this.core.close();
    this.core = await EmbeddedCore.open(this.options);
  }

  leftovers(): Promise<string[]> {
    return leftovers(this.folder);
  }

  /** Ends everything; then fails when a shim, mount or FIFO was left. */
  async stop(): Promise<void> {
    await this.core.close();
    const left = await this.leftovers();
    await endLeftovers(this.folder);
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join('; ')}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}
