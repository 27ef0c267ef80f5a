import type { OciIdMapping, OciSpec } from './runtime-spec.js';

/**
 * The host's ids of the container's root user. 0:0 unless the spec has a user namespace of its own: mappings without
 * one mean nothing (moby `getSpecUser`).
 */
export function hostRootOf(spec: OciSpec): { uid: number; gid: number } {
  const hasUserNamespace = spec.linux?.namespaces?.some(({ type }) => type === 'user') ?? false;
  if (!hasUserNamespace) return { uid: 0, gid: 0 };
  return { uid: hostIdOf(0, spec.linux?.uidMappings), gid: hostIdOf(0, spec.linux?.gidMappings) };
}

function hostIdOf(id: number, mappings: readonly OciIdMapping[] | undefined): number {
  for (const { containerID, hostID, size } of mappings ?? []) {
    if (id >= containerID && id < containerID + size) return hostID + (id - containerID);
  }
  return 0;
}
