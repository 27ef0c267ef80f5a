import { InvalidArgumentError } from '../../errdefs/index.js';
import { parseMode } from './mount-mode.js';

/**
 * An entry of `HostConfig.VolumesFrom`: `container` or `container:mode`.
 * @throws InvalidArgumentError in dockerd's words
 */
export function parseVolumesFrom(spec: string): { readonly ref: string; readonly readOnly: boolean } {
  if (spec === '') throw new InvalidArgumentError('volumes-from specification cannot be an empty string');
  const colon = spec.indexOf(':');
  const text = colon < 0 ? '' : spec.slice(colon + 1);
  const mode = parseMode(text);
  // The mounts keep the propagation that they have, and there is nothing to copy.
  if (mode === undefined || mode.propagation !== undefined || mode.noCopy === true) {
    throw new InvalidArgumentError(`invalid mode: ${text}`);
  }
  return { ref: colon < 0 ? spec : spec.slice(0, colon), readOnly: mode.readOnly };
}
