import type { Logger } from '../log/logger.js';
import type { OciSpec } from '../oci/runtime-spec.js';
import type { RpcCallOptions } from '../protocol/method.js';
import type { Bundle } from './bundle.js';

export interface NewBundle {
  readonly namespace: string;
  readonly id: string;
  /** JSON text is written as it is. */
  readonly spec: OciSpec | Buffer;
}

/** The bundles of one state folder: `<folder>/<namespace>/<id>`. */
export declare class BundleStore {
  constructor(folder: string, options?: { readonly log?: Logger | undefined });
  /** The bundle of this name, whether it is there or not. */
  at(namespace: string, id: string): Bundle;
  /** @throws AlreadyExistsError; InvalidArgumentError; PermissionDeniedError `ERR_STATE_DIR` */
  create(request: NewBundle): Promise<Bundle>;
  /** @throws FailedPreconditionError `ERR_ROOTFS_BUSY` when it cannot be unmounted, or files lie in `rootfs` */
  remove(bundle: Bundle, call?: RpcCallOptions): Promise<void>;
  list(namespace?: string): Promise<Bundle[]>;
  /** Finishes what a killed engine left half done. */
  sweep(call?: RpcCallOptions): Promise<void>;
}
