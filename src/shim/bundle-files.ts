import type { Bundle } from './bundle.js';

/** How to reach a shim. */
export interface Bootstrap {
  readonly version: number;
  readonly address: string;
  readonly protocol: 'ttrpc' | 'grpc';
}

/** What we note of a shim beside containerd's files. */
export interface ShimRecord {
  readonly api: 'v1' | 'v2';
  /** Absent when the shim does not tell it. */
  readonly pid?: number | undefined;
}

/** `bootstrap.json`, else `address`; `undefined` when neither is there. @throws DataLossError */
export declare function readBootstrap(bundle: Bundle): Promise<Bootstrap | undefined>;
export declare function writeBootstrap(bundle: Bundle, bootstrap: Bootstrap): Promise<void>;
export declare function readShimBinary(bundle: Bundle): Promise<string | undefined>;
export declare function writeShimBinary(bundle: Bundle, path: string): Promise<void>;
export declare function readShimRecord(bundle: Bundle): Promise<ShimRecord | undefined>;
export declare function writeShimRecord(bundle: Bundle, record: ShimRecord): Promise<void>;
