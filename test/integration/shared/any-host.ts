import type { Client } from '../../../src/libcontainerd/types.js';

export interface AnyClientOptions {
  readonly namespace?: string;
  readonly runtime?: string;
  readonly goneGraceMs?: number;
}

/** What the cases need of a host, whatever backend its clients have. */
export interface AnyHost {
  readonly folder: string;
  readonly rootfs: string;
  client(options?: AnyClientOptions): Promise<Client>;
  leftovers(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a host with these variables in the environment of its shims. @default ours */
export type StartHost = (env?: NodeJS.ProcessEnv) => Promise<AnyHost>;
