import { NotImplementedError } from '../../errdefs/index.js';
import type { OciUser } from '../runtime-spec.js';
import type { RootfsView } from './rootfs-view.js';

export interface ResolvedUser {
  readonly user: OciUser;
  /** The home folder of the user's entry in /etc/passwd, `/` when it has none. */
  readonly home: string;
}

export function resolveUser(
  _view: RootfsView,
  _user: string,
  _groupAdd: readonly string[] = [],
): Promise<ResolvedUser> {
  throw new NotImplementedError('being written');
}
