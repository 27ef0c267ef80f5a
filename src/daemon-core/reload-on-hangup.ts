import process from 'node:process';
import { toEngineError } from '../errdefs/index.js';
import type { Logger } from '../log/logger.js';
import { type DaemonSources, engineOptionsOf } from './daemon-options.js';
import type { Engine } from './engine.js';

export interface HangupOptions extends DaemonSources {
  readonly log: Logger;
  /** Called after each reload, with why it was refused. */
  readonly onReload?: ((error: Error | undefined) => void) | undefined;
}

/**
 * From now on SIGHUP has daemon.json read again: runtimes and default runtime come into force for starts to come, whole or
 * not at all. A file that is wrong changes nothing, and is told in the log.
 * @returns what stops it
 */
export function reloadOnHangup(engine: Engine, { log, onReload, ...sources }: HangupOptions): () => void {
  let last = Promise.resolve();
  const reload = async () => {
    try {
      const { runtimes, defaultRuntime } = await engineOptionsOf(sources);
      await engine.reload({ runtimes: runtimes ?? {}, defaultRuntime: defaultRuntime ?? '' });
      log.info({ path: sources.configFile }, 'the configuration was reloaded');
      onReload?.(undefined);
    } catch (err) {
      const error = toEngineError(err);
      log.error({ err: error, path: sources.configFile }, 'the configuration stays as it is');
      onReload?.(error);
    }
  };
  const onSignal = () => {
    // One after the other: the last signal's file is the one in force.
    last = last.then(reload);
  };
  process.on('SIGHUP', onSignal);
  return () => process.off('SIGHUP', onSignal);
}
