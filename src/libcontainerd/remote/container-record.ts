import { join } from 'node:path';
import { parseSpec } from '../../oci/parse-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { unpackJson } from '../../protocol/any.js';
import type { Container as ContainerRecord } from '../../protocol/gen/containerd/services/containers.js';
import type { RuntimeOptions } from '../types.js';
import { BUNDLE_LABEL } from './bundle-dir.js';
import { RemoteContainer } from './container.js';
import type { RemoteContext } from './context.js';
import { parseOptions } from './runtime-options.js';

/**
 * A container as containerd keeps it. One that another client made may have no spec, or none that can be read; it is
 * shown all the same, with an empty spec.
 */
export function containerOfRecord(context: RemoteContext, record: ContainerRecord): RemoteContainer {
  const options = record.runtime?.options;
  return new RemoteContainer(context, {
    id: record.id,
    runtime: record.runtime?.name ?? '',
    labels: record.labels,
    spec: readSpec(context, record),
    options,
    runtimeOptions: readOptions(context, record),
    bundleDir: record.labels[BUNDLE_LABEL] ?? join(context.stateDir, record.id),
    isOurs: false,
  });
}

const NO_SPEC: OciSpec = { ociVersion: '' };

function readSpec({ log }: RemoteContext, record: ContainerRecord): OciSpec {
  if (record.spec === undefined) return NO_SPEC;
  try {
    const parsed = parseSpec(unpackJson(record.spec, 'Spec') ?? {});
    if ('spec' in parsed) return parsed.spec;
    log.warn({ containerId: record.id, problem: parsed.problem }, 'read the spec of a container');
  } catch (err) {
    log.warn({ err, containerId: record.id }, 'read the spec of a container');
  }
  return NO_SPEC;
}

function readOptions({ log }: RemoteContext, record: ContainerRecord): RuntimeOptions | undefined {
  try {
    return parseOptions(record.runtime?.options);
  } catch (err) {
    log.warn({ err, containerId: record.id }, 'read the runtime options of a container');
    return undefined;
  }
}
