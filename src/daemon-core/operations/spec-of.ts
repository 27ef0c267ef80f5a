import { buildSpec } from '../../oci/build/build-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { PreparedRootfs } from '../container/rootfs.js';
import type { EngineContext } from '../engine-context.js';
import { type HostFiles, hostFilesIn, writeHostFiles } from '../host-files/host-files.js';
import { specMountsOf } from '../mounts/spec-mounts.js';
import { joinedOf, networkOwnerOf } from './joined.js';
import { mountShm } from './shm.js';

/** The spec of the run to come. What of it lies on the host is made ready here. */
export async function specOf(
  engine: EngineContext,
  c: ManagedContainer,
  rootfs: PreparedRootfs,
  cgroupsPath: string,
): Promise<OciSpec> {
  const joined = joinedOf(engine, c);
  const owner = networkOwnerOf(engine, c);
  if (owner !== c) {
    const { Hostname = '', Domainname = '' } = owner.record.config;
    c.amend({ config: { ...c.record.config, Hostname, Domainname } });
  }
  const { record } = c;
  const [files, mounts] = await Promise.all([
    owner === c ? hostFilesOf(engine, c) : hostFilesIn(engine.store.folder(owner.id)),
    specMountsOf(record),
  ]);
  // After what may fail: nobody unmounts it then.
  await mountShm(engine, c);
  const { initPath } = engine.settings;
  return buildSpec({
    id: c.id,
    name: record.name,
    config: record.config,
    hostConfig: record.hostConfig,
    host: engine.host,
    rootfs: { path: rootfs.path, view: rootfs.view },
    mounts,
    files,
    joined,
    cgroupsPath,
    ...(initPath === undefined ? {} : { initPath }),
  });
}

function hostFilesOf(engine: EngineContext, { id, record }: ManagedContainer): Promise<HostFiles> {
  const { config, hostConfig } = record;
  return writeHostFiles({ folder: engine.store.folder(id), id, config, hostConfig });
}
