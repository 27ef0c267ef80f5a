import type { NewVolume } from '../../volumes/volume-store.js';
import type { MountPoint } from '../state/record.js';

/** A mount as it was asked for: checked in itself, and nothing looked at or made yet. */
export interface WantedMount {
  /** Without what its volume adds. */
  readonly point: MountPoint;
  /** The volume to be found or made. */
  readonly volume?: NewVolume;
  /** The source must be there at create. */
  readonly mustExist?: boolean;
  /** It was not asked for by who runs the container, but by its image or its configuration. */
  readonly isOfConfig?: boolean;
}

/** How dockerd marks volumes for SELinux when nothing else was said; `inspect` shows it. */
export const VOLUME_MODE = 'z';
