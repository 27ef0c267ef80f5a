import type { Client } from '../../../src/libcontainerd/types.js';
import { LocalHost } from '../../integration/host/local-host.js';
import { TestHost } from '../../integration/host/test-host.js';

/** What a backend gives the cases of this folder. */
export interface Backend {
  readonly client: Client;
  /** A busybox root file system on a block device. */
  readonly rootfs: string;
  /** Ends everything; fails when something was left. */
  stop(): Promise<void>;
}

/** `remote` on a containerd of its own. */
export async function remoteBackend(): Promise<Backend> {
  const host = await TestHost.start();
  return { client: await host.client(), rootfs: host.rootfs, stop: () => host.stop() };
}

/** The embedded core, with crun: it takes half of runc's time here. */
export async function localBackend(): Promise<Backend> {
  const host = await LocalHost.start();
  return { client: await host.client({ runtime: 'crun' }), rootfs: host.rootfs, stop: () => host.stop() };
}
