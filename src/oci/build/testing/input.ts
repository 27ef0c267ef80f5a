import type { ContainerConfig } from '../../config/container-config.js';
import type { HostConfig } from '../../config/host-config.js';
import type { SpecInput } from '../spec-input.js';
import { V1_HOST } from './host.js';

/** A request for `/bin/true` on `V1_HOST`, changed as a test wants it. */
export function inputWith(
  hostConfig: HostConfig = {},
  rest: Partial<SpecInput> = {},
  config: ContainerConfig = {},
): SpecInput {
  return {
    id: 'c'.repeat(64),
    name: 'brave_turing',
    config: { Cmd: ['/bin/true'], Hostname: 'host1', ...config },
    hostConfig,
    host: V1_HOST,
    rootfs: { path: '/rootfs', view: { layers: ['/rootfs'] } },
    mounts: [],
    files: {},
    joined: {},
    cgroupsPath: '/docker/c',
    ...rest,
  };
}
