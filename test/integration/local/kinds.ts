import type { CoreOptions } from '../../../src/libcontainerd/local/linux/options.js';

/** The ways in which a container gets its shim. */
export interface Kind {
  readonly name: string;
  readonly runtime: string;
  readonly core: CoreOptions;
  /** The shim's program. */
  readonly needs: string;
}

export const COLD: Kind = { name: 'API v2', runtime: 'runc', core: {}, needs: 'containerd-shim-runc-v2' };
export const WARM: Kind = { ...COLD, name: 'API v2, started ahead', core: { warmShims: 2 } };
export const V1: Kind = {
  name: 'API v1',
  runtime: 'io.containerd.runtime.v1.linux',
  core: {},
  needs: 'containerd-shim',
};

export const KINDS: readonly Kind[] = [COLD, WARM, V1];
