import { NotImplementedError } from '../errdefs/index.js';
import type { ContainerConfig } from './config/container-config.js';
import type { ExecConfig } from './config/host-config.js';
import type { OciProcess, OciSpec } from './runtime-spec.js';
import type { RootfsView } from './users/rootfs-view.js';

export function execProcess(
  _spec: OciSpec,
  _exec: ExecConfig,
  _view: RootfsView,
  _config: ContainerConfig,
): Promise<OciProcess> {
  throw new NotImplementedError('being written');
}
