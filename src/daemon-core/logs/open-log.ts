import { defaultLogger, type Logger } from '../../log/logger.js';
import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { LogConfig } from '../../oci/config/host-config.js';
import type { LogKeeper } from '../log-keeper/log-keeper.js';
import { DirectLog } from './direct-log.js';
import { JsonFileLog } from './json-file-log.js';
import { KeptLog } from './kept-log.js';
import { logAttributes } from './log-attributes.js';
import type { ContainerLog } from './log-driver.js';
import { parseLogOptions } from './log-options.js';
import { NoneLog } from './none-log.js';

const DEFAULT_DRIVER = 'json-file';

export interface OpenLogOptions {
  /** Where the files go; it exists before the first writer is opened. */
  readonly folder: string;
  readonly id: string;
  /** Without a slash. */
  readonly name?: string | undefined;
  /** @default json-file without options */
  readonly logConfig?: LogConfig | undefined;
  /** For the options that tell of labels, env, image and command. */
  readonly config?: ContainerConfig | undefined;
  readonly imageId?: string | undefined;
  /** Has a `json-file` log written by it. @default the log is written here */
  readonly keeper?: LogKeeper | undefined;
  /** @default the library's */
  readonly log?: Logger | undefined;
  /** Milliseconds since 1970, with a fraction. @default the wall clock */
  readonly now?: (() => number) | undefined;
}

/**
 * The log of a container, by its driver. Touches no file.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in Docker's words, for a driver or an option that is not known, and
 * for a value that cannot be read
 */
export function openContainerLog(options: OpenLogOptions): ContainerLog {
  const { folder, id, config = {}, logConfig } = options;
  const driver = logConfig?.Type || DEFAULT_DRIVER;
  const driverConfig = logConfig?.Config ?? {};
  const parsed = parseLogOptions(driver, driverConfig);
  const log = (options.log ?? defaultLogger()).child({ containerId: id });
  if (driver === 'none') return new NoneLog();
  if (driver === 'direct') return new DirectLog({ ...parsed, folder, id, log });
  const attributes = logAttributes(driverConfig, {
    id,
    name: options.name,
    labels: config.Labels,
    env: config.Env,
    imageId: options.imageId,
    imageName: config.Image,
    command: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
  });
  if (options.keeper !== undefined) return new KeptLog({ ...parsed, folder, id, attributes, log }, options.keeper);
  return new JsonFileLog({ ...parsed, folder, id, attributes, log, now: options.now });
}
