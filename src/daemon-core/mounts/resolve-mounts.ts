import { stat } from 'node:fs/promises';
import { InvalidArgumentError, NotImplementedError, toEngineError } from '../../errdefs/index.js';
import type { ContainerConfig } from '../../oci/config/container-config.js';
import type { HostConfig } from '../../oci/config/host-config.js';
import type { RootfsView } from '../../oci/users/rootfs-view.js';
import { mountOf } from '../../volumes/volume-options.js';
import type { VolumeStore } from '../../volumes/volume-store.js';
import type { MountPoint } from '../state/record.js';
import { cleanPath, destinationProblem } from './destination.js';
import { hasFileAt } from './existing-file.js';
import { parseBind } from './parse-bind.js';
import { invalidMount, parseMountRequest } from './parse-mount-request.js';
import { parseVolumesFrom } from './volumes-from.js';
import type { WantedMount } from './wanted-mount.js';

export interface MountsRequest {
  readonly config: Pick<ContainerConfig, 'Volumes'>;
  readonly hostConfig: Pick<HostConfig, 'Binds' | 'Mounts' | 'VolumesFrom' | 'VolumeDriver' | 'Tmpfs'>;
  /** Becomes the user of the volumes. */
  readonly containerId: string;
  readonly volumes: VolumeStore;
  /** The mounts of another container, by name or id. @throws NotFoundError */
  readonly volumesFrom: (ref: string) => readonly MountPoint[];
  /** To refuse a volume of `Config` over a file of the image; without it the runtime does, at the start. */
  readonly view?: RootfsView | undefined;
}

/**
 * Decides what is mounted where in a new container, and makes its volumes. What comes later takes the place of what came
 * before: `VolumesFrom`, `Binds`, `Mounts`; the volumes of `Config` come only where nothing else is (moby
 * `daemon/volumes.go`). Folders of the host are made at a start, see `specMountsOf`.
 *
 * @throws InvalidArgumentError in dockerd's words; NotFoundError; NotImplementedError; as `VolumeStore.create`. Then the
 * container uses no volume, and no anonymous one is left.
 */
export async function resolveMounts(request: MountsRequest): Promise<MountPoint[]> {
  const wanted = wantedMounts(request);
  await Promise.all(wanted.map((each) => assertSource(each, request.view)));
  const anonymous: string[] = [];
  const points: MountPoint[] = [];
  try {
    for (const each of wanted) {
      const point = await withVolume(each, request);
      if (each.volume !== undefined && point.anonymous === true && point.name !== undefined) anonymous.push(point.name);
      points.push(point);
    }
    return points;
  } catch (err) {
    request.volumes.releaseAll(request.containerId);
    await Promise.allSettled(anonymous.map((name) => request.volumes.remove(name)));
    throw err;
  }
}

/** All, each destination once. */
function wantedMounts({ config, hostConfig, volumesFrom }: MountsRequest): WantedMount[] {
  const byDestination = new Map<string, WantedMount>();
  const put = (wanted: WantedMount) => byDestination.set(wanted.point.destination, wanted);
  for (const spec of hostConfig.VolumesFrom ?? []) {
    const { ref, readOnly } = parseVolumesFrom(spec);
    for (const point of volumesFrom(ref)) put({ point: { ...point, readOnly: point.readOnly || readOnly } });
  }
  const own = new Set<string>();
  const putOwn = (wanted: WantedMount, isTaken: boolean) => {
    const { destination } = wanted.point;
    if (isTaken || own.has(destination)) throw new InvalidArgumentError(`Duplicate mount point: ${destination}`);
    own.add(destination);
    put(wanted);
  };
  const tmpfs = new Set(Object.keys(hostConfig.Tmpfs ?? {}).map(cleanPath));
  for (const raw of hostConfig.Binds ?? []) {
    const wanted = parseBind(raw, hostConfig.VolumeDriver);
    putOwn(wanted, tmpfs.has(wanted.point.destination));
  }
  for (const mount of hostConfig.Mounts ?? []) putOwn(parseMountRequest(mount), false);
  for (const target of Object.keys(config.Volumes ?? {})) {
    const problem = destinationProblem(target);
    if (problem !== undefined) {
      throw new InvalidArgumentError(
        `invalid volume spec ${JSON.stringify(target)}: invalid volume specification: '${target}': ${problem}`,
      );
    }
    const destination = cleanPath(target);
    if (byDestination.has(destination) || tmpfs.has(destination)) continue;
    put({
      point: { type: 'volume', destination, readOnly: false, propagation: '', mode: '', anonymous: true },
      volume: { driver: hostConfig.VolumeDriver },
      isOfConfig: true,
    });
  }
  return [...byDestination.values()];
}

async function assertSource(
  { point, mustExist, isOfConfig }: WantedMount,
  view: RootfsView | undefined,
): Promise<void> {
  const { type, source = '', destination } = point;
  if (isOfConfig === true && view !== undefined && (await hasFileAt(view, destination))) {
    throw new InvalidArgumentError(`cannot mount volume over existing file, file exists ${destination}`);
  }
  if (mustExist !== true) return;
  try {
    await stat(source);
  } catch (err) {
    const isMissing = err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ENOTDIR');
    if (isMissing) throw invalidMount(type, `bind source path does not exist: ${source}`);
    throw toEngineError(err, `look at ${source}`);
  }
}

async function withVolume({ point, volume }: WantedMount, request: MountsRequest): Promise<MountPoint> {
  const { volumes, containerId } = request;
  if (point.type !== 'volume') return point;
  if (volume === undefined) {
    // Of another container, which has made it.
    const { name } = volumes.get(point.name ?? '');
    volumes.use(name, containerId);
    return point;
  }
  const made = await volumes.create({ ...volume, usedBy: containerId });
  const mount = mountOf(made);
  if (mount.kind === 'tmpfs') {
    throw new NotImplementedError(
      `mount volume ${made.name}: a volume of type tmpfs would have to be mounted by the engine`,
    );
  }
  return {
    ...point,
    name: made.name,
    driver: made.driver,
    source: mount.source,
    readOnly: point.readOnly || mount.readOnly,
    ...(mount.recursive ? {} : { nonRecursive: true }),
  };
}
