import { NotImplementedError } from '../errdefs/index.js';
import type { HostConfig } from './config/host-config.js';
import type { OciCapabilities } from './runtime-spec.js';

/** The capabilities that this process can give on: its bounding set, named as far as the kernel's are known. Read once. */
export function knownCapabilities(): readonly string[] {
  throw new NotImplementedError('being written');
}

export function capabilitiesOf(
  _hostConfig: Pick<HostConfig, 'CapAdd' | 'CapDrop' | 'Privileged'>,
  _known: readonly string[] = knownCapabilities(),
): OciCapabilities {
  throw new NotImplementedError('being written');
}
