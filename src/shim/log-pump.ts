import type { Logger } from '../log/logger.js';

/** Copies what a shim logs into ours. Has to be open before the shim starts. */
export declare class LogPump {
  private constructor();
  /** @param path of the FIFO, which is made if it is not there */
  static open(path: string, log: Logger): Promise<LogPump>;
  close(): Promise<void>;
}
