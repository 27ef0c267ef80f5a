import type { RpcCallOptions } from '../protocol/method.js';

export interface MountPoint {
  readonly path: string;
  /** The part of the file system that is mounted; `/` when all of it is. */
  readonly root: string;
  readonly fsType: string;
  readonly source: string;
}

export declare function parseMountInfo(text: string): MountPoint[];

/** The mounts at and below a path, in the order to unmount them. */
export declare function mountsBelow(path: string): Promise<MountPoint[]>;

/** @throws FailedPreconditionError `ERR_ROOTFS_BUSY` */
export declare function unmountBelow(path: string, call?: RpcCallOptions): Promise<void>;
