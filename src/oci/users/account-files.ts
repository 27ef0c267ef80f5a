import { AccountCache } from './account-cache.js';
import type { RootfsView } from './rootfs-view.js';

/** An id fits into 31 bits, as runtimes have it (moby/sys `user`). */
export const MAX_ID = 2 ** 31 - 1;

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Lines whose ids are no numbers are passed over, such as those of NIS (`+::::::`): they are nobody's, and not root's. */
const passwd = new AccountCache<PasswdEntry>((line) => {
  const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':');
  const uid = idOf(uidText);
  const gid = idOf(gidText);
  return name === '' || uid === undefined || gid === undefined ? undefined : { name, uid, gid, home };
});

const group = new AccountCache<GroupEntry>((line) => {
  const [name = '', , gidText = '', members = ''] = line.split(':');
  const gid = idOf(gidText);
  if (name === '' || gid === undefined) return undefined;
  return { name, gid, members: members.split(',').filter((member) => member !== '') };
});

/** /etc/passwd of a rootfs. Errors as `AccountCache.read`. */
export function readPasswd(view: RootfsView): Promise<readonly PasswdEntry[]> {
  return passwd.read(view, '/etc/passwd');
}

/** /etc/group of a rootfs. */
export function readGroup(view: RootfsView): Promise<readonly GroupEntry[]> {
  return group.read(view, '/etc/group');
}

function idOf(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id <= MAX_ID ? id : undefined;
}
