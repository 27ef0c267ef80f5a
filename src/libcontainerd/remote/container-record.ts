import { DataLossError } from '../../errdefs/index.js';
import { parseSpec } from '../../oci/parse-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { unpackJson } from '../../protocol/any.js';
import type { Container as ContainerRecord } from '../../protocol/gen/containerd/services/containers.js';
import { BUNDLE_LABEL, bundleDirOf } from './bundle-dir.js';
import { RemoteContainer } from './container.js';
import type { RemoteContext } from './context.js';
import { parseOptions } from './runtime-options.js';

/** A container as containerd keeps it. @throws DataLossError when its spec cannot be read */
export async function containerOfRecord(context: RemoteContext, record: ContainerRecord): Promise<RemoteContainer> {
  const spec = readSpec(record);
  return new RemoteContainer(context, {
    id: record.id,
    runtime: record.runtime?.name ?? '',
    labels: record.labels,
    spec,
    options: record.runtime?.options,
    runtimeOptions: parseOptions(record.runtime?.options),
    bundleDir: record.labels[BUNDLE_LABEL] ?? (await bundleDirOf(context.stateDir, record.id, spec)),
  });
}

/** A container made by another client may have no spec, or not one of ours; that must not hide it from a list. */
function readSpec(record: ContainerRecord): OciSpec {
  if (record.spec === undefined) return { ociVersion: '' };
  let document: unknown;
  try {
    document = unpackJson(record.spec, 'Spec') ?? {};
  } catch (cause) {
    throw new DataLossError(`read spec of container ${record.id}`, { code: 'ERR_WIRE_DECODE', cause });
  }
  const parsed = parseSpec(document);
  if ('spec' in parsed) return parsed.spec;
  throw new DataLossError(`read spec of container ${record.id}: ${parsed.problem}`, {
    code: 'ERR_WIRE_DECODE',
    fields: { containerId: record.id },
  });
}
