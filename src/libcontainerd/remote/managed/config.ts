import { join } from 'node:path';
import { type TomlTable, toToml } from './toml.js';
import type { ContainerdVersion } from './version.js';

/** What a user may set in containerd's configuration. The rest is fixed by what a private instance needs. */
export interface ContainerdTuning {
  /** @default 'info' */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'panic' | undefined;
  /** TCP address (`127.0.0.1:1338`) at which containerd serves its own Prometheus metrics. @default none */
  readonly metricsAddress?: string | undefined;
  /** Latency histograms of the gRPC calls, which cost some memory. @default false */
  readonly grpcHistogram?: boolean | undefined;
  /** `oom_score_adj` of containerd, -1000 to 1000. Below 0 it needs CAP_SYS_RESOURCE. @default left as inherited */
  readonly oomScore?: number | undefined;
  /** Full plugin ids to disable beside CRI, such as `io.containerd.snapshotter.v1.zfs`. */
  readonly disabledPlugins?: readonly string[] | undefined;
  /** Settings by full plugin id. They win over the ones made here. */
  readonly plugins?: Readonly<Record<string, TomlTable>> | undefined;
}

export interface ConfigOptions extends ContainerdTuning {
  readonly root: string;
  readonly state: string;
  readonly address: string;
  readonly ttrpcAddress: string;
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const CRI = 'io.containerd.grpc.v1.cri';
/** CRI of 2.x is four plugins; with only the first disabled the others load. A fifth cannot load without them. */
const CRI_PARTS_V2 = [
  'io.containerd.cri.v1.images',
  'io.containerd.cri.v1.runtime',
  'io.containerd.podsandbox.controller.v1.podsandbox',
  'io.containerd.grpc.v1.sandbox-controllers',
];
/** Since 1.7. It serves CRI only, and listens on one socket for the whole machine. */
const NRI = 'io.containerd.nri.v1.nri';

/** The text of the configuration file for this version: format 2 for 1.x, format 3 for 2.x. */
export function configText(version: ContainerdVersion, options: ConfigOptions): string {
  const { oomScore, metricsAddress } = options;
  return toToml({
    version: version.major >= 2 ? 3 : 2,
    root: options.root,
    state: options.state,
    ...(oomScore !== undefined && { oom_score: oomScore }),
    disabled_plugins: disabledPlugins(version, options.disabledPlugins ?? []),
    grpc: {
      address: options.address,
      max_recv_message_size: MAX_MESSAGE_BYTES,
      max_send_message_size: MAX_MESSAGE_BYTES,
    },
    ttrpc: { address: options.ttrpcAddress },
    debug: { level: options.logLevel ?? 'info' },
    ...(metricsAddress !== undefined && {
      metrics: { address: metricsAddress, grpc_histogram: options.grpcHistogram ?? false },
    }),
    // Without a limit containerd waits for ever when another one has its root open.
    timeouts: { 'io.containerd.timeout.bolt.open': '10s' },
    plugins: plugins(version, options),
  });
}

function disabledPlugins(version: ContainerdVersion, more: readonly string[]): string[] {
  const ids = [CRI];
  if (version.major >= 2) ids.push(...CRI_PARTS_V2);
  if (version.major >= 2 || version.minor >= 7) ids.push(NRI);
  return [...new Set([...ids, ...more])];
}

function plugins(version: ContainerdVersion, options: ConfigOptions): TomlTable {
  const tables: Record<string, TomlTable> = {
    // It makes this folder at start, and puts its bin and lib first on the shims' PATH: never the machine's /opt.
    'io.containerd.internal.v1.opt': { path: join(options.root, 'opt') },
  };
  if (version.major < 2) {
    tables['io.containerd.runtime.v1.linux'] = { shim: 'containerd-shim', runtime: 'runc' };
  }
  for (const [id, table] of Object.entries(options.plugins ?? {})) tables[id] = { ...tables[id], ...table };
  return tables;
}
