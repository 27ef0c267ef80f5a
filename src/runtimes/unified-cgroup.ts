import { statfs } from 'node:fs/promises';

const CGROUP2_SUPER_MAGIC = 0x63677270;

/** Whether the host has cgroup v2 only. A hybrid host has a tmpfs there. */
export async function isUnifiedCgroup(folder = '/sys/fs/cgroup'): Promise<boolean> {
  try {
    return (await statfs(folder)).type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}
