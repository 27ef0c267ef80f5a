import type { Engine } from '../daemon-core/index.js';
import type { CallOptions } from '../libcontainerd/types.js';
import { defaultLogger, type Logger } from '../log/logger.js';
import { MetricsLog } from './metrics-log.js';

export interface ServeMetricsOptions {
  /** `HOST:PORT` of `/metrics`, `:PORT` for all addresses; port 0 lets the system choose. @default nothing listens */
  readonly address?: string | undefined;
  /** Prints a table to the log at this interval, 1 to 2^31 - 1 ms. @default none is printed */
  readonly intervalMs?: number | undefined;
  /** @default the library's */
  readonly log?: Logger | undefined;
}

/** Metrics of an engine that are shown. */
export interface ServedMetrics {
  /** Where `/metrics` is, with the port that the system chose; `undefined` when nothing listens. */
  readonly address: string | undefined;
  /** Takes no more scrapes; those under way may end, for at most 5 s unless the call says otherwise. Idempotent. */
  close(call?: CallOptions): Promise<void>;
  /** The same at once. Idempotent. */
  destroy(): void;
}

/**
 * Shows the metrics of an engine and its containers: over HTTP, in the log, or both, as the options say. Counts from now on. Close
 * it before the engine. prom-client is loaded at the first call that has an address.
 *
 * @throws InvalidArgumentError `ERR_ADDRESS_INVALID`, `ERR_OPTION_INVALID`; ConflictError `ERR_ADDRESS_IN_USE`; by errno. Nothing
 * stays open then.
 */
export async function serveEngineMetrics(
  engine: Engine,
  options: ServeMetricsOptions = {},
  call: CallOptions = {},
): Promise<ServedMetrics> {
  const { address, intervalMs, log = defaultLogger() } = options;
  const table = intervalMs === undefined ? undefined : MetricsLog.start({ engine, log, intervalMs });
  try {
    const scrapes = address === undefined ? undefined : await serveScrapes(engine, address, log, call);
    return {
      address: scrapes?.address,
      close: async (closing) => {
        table?.close();
        await scrapes?.close(closing);
      },
      destroy: () => {
        table?.close();
        scrapes?.destroy();
      },
    };
  } catch (err) {
    table?.close();
    throw err;
  }
}

async function serveScrapes(engine: Engine, address: string, log: Logger, call: CallOptions) {
  const [{ ContainerCollector }, { EngineCollector }, { Exposition }, { MetricsServer }] = await Promise.all([
    import('./container-collector.js'),
    import('./engine-collector.js'),
    import('./exposition.js'),
    import('./metrics-server.js'),
  ]);
  const collectors = {
    engine: new EngineCollector(engine, { log }),
    containers: new ContainerCollector(engine.client, { log }),
  };
  const closeCollectors = () => {
    for (const collector of Object.values(collectors)) collector.close();
  };
  try {
    const server = await MetricsServer.listen({ address, exposition: new Exposition(collectors, { log }), log }, call);
    return {
      address: server.address,
      close: async (closing: CallOptions = {}) => {
        await server.close(closing);
        closeCollectors();
      },
      destroy: () => {
        server.destroy();
        closeCollectors();
      },
    };
  } catch (err) {
    closeCollectors();
    throw err;
  }
}
