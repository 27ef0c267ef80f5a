import { InvalidArgumentError } from '../../errdefs/index.js';
import type { OciUser } from '../runtime-spec.js';
import { type GroupEntry, MAX_ID, type PasswdEntry, readGroup, readPasswd } from './account-files.js';
import type { RootfsView } from './rootfs-view.js';

export interface ResolvedUser {
  readonly user: OciUser;
  /** The home folder of the user's entry in /etc/passwd, `/` when it has none. */
  readonly home: string;
}

/**
 * Finds the ids of a user in the accounts of a rootfs, as Docker does (moby `getUser`, moby/sys `user`):
 *
 * - `''` is uid 0, with the groups and the home of whoever has it.
 * - `user` and `uid` take group, further groups and home from the first entry that has this name or number. A number
 *   without an entry is good, with group 0.
 * - `user:group` has no further groups; a group may be a number that no entry has.
 *
 * `groupAdd` comes on top. The group itself is among the further groups too, first, so that leaving it does not take its
 * rights away (CVE-2022-36109).
 *
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`, in Docker's words, for a name that is not there or a number that is
 * no id; also when a file of accounts cannot be one
 */
export async function resolveUser(
  view: RootfsView,
  user: string,
  groupAdd: readonly string[] = [],
): Promise<ResolvedUser> {
  const [userName = '', groupName = ''] = user.split(':');
  const [passwd, groups] = await Promise.all([readPasswd(view), readGroup(view)]);
  const { uid, entry } = findUser(passwd, userName);
  const gid = groupName === '' ? (entry?.gid ?? 0) : findGroup(groups, groupName, 'unable to find group');
  const member = groupName === '' ? entry?.name : undefined;
  const further = groups.filter(({ members }) => member !== undefined && members.includes(member));
  const added = groupAdd.map((name) => findGroup(groups, name, 'Unable to find group'));
  const additionalGids = [...new Set([gid, ...further.map((group) => group.gid), ...added])];
  return { user: { uid, gid, additionalGids }, home: entry?.home || '/' };
}

function findUser(passwd: readonly PasswdEntry[], name: string): { uid: number; entry: PasswdEntry | undefined } {
  const number = name === '' ? 0 : numberOf(name);
  const entry = passwd.find((each) => each.name === name || each.uid === number);
  if (entry !== undefined) return { uid: entry.uid, entry };
  if (number === undefined) throw invalid(`unable to find user ${name}: no matching entries in passwd file`);
  return { uid: checkedId(number), entry };
}

function findGroup(groups: readonly GroupEntry[], name: string, complaint: string): number {
  const number = numberOf(name);
  const entry = groups.find((each) => each.name === name || each.gid === number);
  if (entry !== undefined) return entry.gid;
  if (number === undefined) throw invalid(`${complaint} ${name}: no matching entries in group file`);
  return checkedId(number);
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

function checkedId(id: number): number {
  if (id < 0 || id > MAX_ID) throw invalid(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field: 'User' } });
}
