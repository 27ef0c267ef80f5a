import type { CallOptions, StdioStreams } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import type { LogWriter } from '../logs/log-driver.js';
import type { Attachment, AttachOptions } from './attachment.js';

export type { Attachment, AttachmentEnd, AttachOptions } from './attachment.js';

export interface StreamHubOptions {
  readonly terminal: boolean;
  /** The container's stdin ends with the first attachment that had it (`StdinOnce`). @default false: it stays open */
  readonly stdinOnce?: boolean | undefined;
  /** Where output that a slow reader has not taken yet is kept; made when it is missing. The files have no name. */
  readonly spillFolder: string;
  readonly log: Logger;
}

/** What flows between one container, or exec, its log and those attached to it; over its runs. */
export declare class StreamHub {
  constructor(options: StreamHubOptions);
  readonly attachments: number;
  begin(streams: StdioStreams, writer: LogWriter | undefined): void;
  end(options?: CallOptions): Promise<void>;
  attach(options: AttachOptions): Attachment;
  close(): Promise<void>;
}
