import { LocalHost } from '../host/local-host.js';
import type { AnyHost } from '../shared/any-host.js';
import { checkpointCases } from '../shared/checkpoint-cases.js';

checkpointCases('embedded', ['containerd-shim-runc-v2', 'containerd-shim'], startWith);

/** Shims are children of ours and have our environment: CRIU is found by its PATH. */
async function startWith(env?: NodeJS.ProcessEnv): Promise<AnyHost> {
  const before = process.env.PATH;
  if (env?.PATH !== undefined) process.env.PATH = env.PATH;
  const host = await LocalHost.start();
  return {
    folder: host.folder,
    rootfs: host.rootfs,
    client: (options) => host.client(options),
    leftovers: () => host.leftovers(),
    stop: async () => {
      process.env.PATH = before;
      await host.stop();
    },
  };
}
