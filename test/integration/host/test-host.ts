import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RemoteClient } from '../../../src/libcontainerd/remote/client.js';
import { connectRemote, type RemoteConnectOptions } from '../../../src/libcontainerd/remote/connect.js';
import { ManagedContainerd, type ManagedContainerdOptions } from '../../../src/libcontainerd/remote/managed/index.js';
import { scaledMs } from '../../../src/libcontainerd/testsuite/deadline.js';
import { endLeftovers, leftovers } from './leftovers.js';
import { makeRootfs } from './rootfs.js';

/** A containerd of the test's own in a folder of its own, with a busybox root file system beside it. */
export class TestHost {
  readonly folder: string;
  readonly rootfs: string;
  readonly containerd: ManagedContainerd;
  readonly #clients = new Set<RemoteClient>();

  private constructor(folder: string, rootfs: string, containerd: ManagedContainerd) {
    this.folder = folder;
    this.rootfs = rootfs;
    this.containerd = containerd;
  }

  static async start(options: Partial<ManagedContainerdOptions> = {}): Promise<TestHost> {
    // Short: the names of sockets end at 107 bytes.
    const folder = await mkdtemp('/tmp/lcd-');
    const rootfs = await makeRootfs(join(folder, 'rootfs'));
    const containerd = new ManagedContainerd({
      root: join(folder, 'root'),
      state: join(folder, 'state'),
      startupTimeoutMs: scaledMs(15_000),
      ...options,
    });
    await containerd.start();
    return new TestHost(folder, rootfs, containerd);
  }

  get address(): string {
    return this.containerd.address;
  }

  async client(options: RemoteConnectOptions = {}): Promise<RemoteClient> {
    const namespace = options.namespace ?? 'test';
    const stateDir = join(this.folder, 'stdio', namespace);
    // runc's state has a folder of our own too: its default is shared by all containerds of the machine.
    const runtimeOptions = { kind: 'runc', root: join(this.folder, 'runc') } as const;
    const client = await connectRemote({ address: this.address, namespace, stateDir, runtimeOptions, ...options });
    this.#clients.add(client);
    return client;
  }

  /** Calls of all clients this host made, added up. */
  rpcCounts(): Map<string, number> {
    const sum = new Map<string, number>();
    for (const client of this.#clients) {
      for (const [method, count] of client.rpcCounts()) sum.set(method, (sum.get(method) ?? 0) + count);
    }
    return sum;
  }

  /** What the tests left: shims, mounts, FIFOs. Empty when all is well. */
  leftovers(): Promise<string[]> {
    return leftovers(this.folder);
  }

  /** Ends everything; then fails when a shim, mount or FIFO was left. */
  async stop(): Promise<void> {
    for (const client of this.#clients) await client.close();
    const left = await this.leftovers();
    await this.containerd.stop();
    await endLeftovers(this.folder);
    if (left.length > 0) throw new Error(`the tests left behind: ${left.join('; ')}`);
    await rm(this.folder, { recursive: true, force: true });
  }
}
