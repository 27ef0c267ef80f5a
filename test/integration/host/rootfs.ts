import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const BUSYBOX = '/bin/busybox';
const FOLDERS = ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'run'];
const APPLETS = (
  'sh cat echo sleep true false env ls dd head tail stty kill ps yes printf seq wc sha256sum id pwd touch rm mkdir mount ' +
  'grep cut sort tr usleep date hostname nproc test expr'
).split(' ');

/** Makes a root file system of Debian's static busybox, complete enough for a shell. */
export async function makeRootfs(folder: string): Promise<string> {
  for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true });
  await copyFile(BUSYBOX, join(folder, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(folder, 'bin', applet));
  return folder;
}
