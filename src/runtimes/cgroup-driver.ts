import { lstat } from 'node:fs/promises';
import { posix } from 'node:path';
import { InvalidArgumentError } from '../errdefs/index.js';

/** Who makes the cgroup of a container: the OCI runtime itself, or systemd when the OCI runtime asks it to. */
export type CgroupDriver = 'cgroupfs' | 'systemd';

const DRIVER_OPTION = 'native.cgroupdriver';
const SLICE = '.slice';

/**
 * What `--exec-opt` and `exec-opts` say; of one that is given twice, the last (moby `daemon/config` `parseExecOptions`).
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseExecOpts(execOpts: readonly string[]): { readonly cgroupDriver: CgroupDriver | undefined } {
  let cgroupDriver: CgroupDriver | undefined;
  for (const text of execOpts) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const option = name.trim().toLowerCase();
    const given = value.trim();
    const refuse = (why: string) => invalid(`invalid exec-opt (${text}): ${why}`);
    if (option === '' || given === '') throw refuse("must be formatted 'opt=value'");
    if (option === 'isolation') throw refuse("option 'isolation' is only supported on windows");
    if (option !== DRIVER_OPTION) throw refuse(`unknown option: '${option}'`);
    cgroupDriver = parseDriver(given);
  }
  return { cgroupDriver };
}

function parseDriver(name: string): CgroupDriver {
  if (name === 'cgroupfs' || name === 'systemd') return name;
  if (name === 'none') {
    throw invalid(`${DRIVER_OPTION} option none is internally used and cannot be specified manually`);
  }
  throw invalid(`${DRIVER_OPTION} option ${name} not supported`);
}

/** The driver where none is configured: systemd knows nothing of a v1 hierarchy that others change too. */
export function defaultCgroupDriver(host: { unifiedCgroup: boolean; systemd: boolean }): CgroupDriver {
  return host.unifiedCgroup && host.systemd ? 'systemd' : 'cgroupfs';
}

/** Whether the host's init is systemd, as `sd_booted(3)` finds out. */
export async function isSystemdInit(folder = '/run/systemd/system'): Promise<boolean> {
  try {
    return (await lstat(folder)).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Refuses a parent that the driver cannot use, be it the engine's or a container's. '' is the default.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function assertCgroupParent(driver: CgroupDriver, parent: string): void {
  if (parent === '' || driver === 'cgroupfs') return;
  // systemd has one name for a slice, whatever it lies in.
  if (parent.length > SLICE.length && parent.endsWith(SLICE) && !/[/:]/.test(parent)) return;
  throw invalid('cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"');
}

/**
 * `linux.cgroupsPath` of a container's spec (moby `daemon/oci_linux.go` `withCgroups`).
 * @param parent '' for the default: `/docker`, or `system.slice` with systemd
 * @param prefix of the scope that systemd makes: `docker-ID.scope`
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a parent that the driver cannot use
 */
export function cgroupsPathOf(driver: CgroupDriver, parent: string, id: string, prefix = 'docker'): string {
  assertCgroupParent(driver, parent);
  if (driver === 'systemd') return `${parent || 'system.slice'}:${prefix}:${id}`;
  return posix.join(parent || '/docker', id);
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID' });
}
