import { buildSpec } from '../../oci/build/build-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { PreparedRootfs } from '../container/rootfs.js';
import type { EngineContext } from '../engine-context.js';
import { writeHostFiles } from '../host-files/host-files.js';
import { specMountsOf } from '../mounts/spec-mounts.js';
import { joinedOf } from './joined.js';
import { mountShm } from './shm.js';

/** The spec of the run to come. What of it lies on the host is made ready here. */
export async function specOf(
  engine: EngineContext,
  c: ManagedContainer,
  rootfs: PreparedRootfs,
  cgroupsPath: string,
): Promise<OciSpec> {
  const { record } = c;
  const joined = joinedOf(engine, c);
  const [files, mounts] = await Promise.all([
    writeHostFiles({
      folder: engine.store.folder(c.id),
      id: c.id,
      config: record.config,
      hostConfig: record.hostConfig,
    }),
    specMountsOf(record),
    mountShm(engine, c),
  ]);
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
