import { join } from 'node:path';
import { NotFoundError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { parseSpec } from '../../oci/parse-spec.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import { packJson, unpackJson } from '../../protocol/any.js';
import {
  type Container as ContainerRecord,
  ContainersDefinition,
} from '../../protocol/gen/containerd/services/containers.js';
import type { GrpcChannel } from '../../protocol/grpc/channel.js';
import { BUNDLE_LABEL } from '../objects/bundle-dir.js';
import { containerOptions, parseOptions } from '../objects/runtime-options.js';
import type { ContainerState, ContainerStore } from '../objects/task-service.js';
import type { CallOptions, RuntimeOptions } from '../types.js';

const LIST_TIMEOUT_MS = 30_000;
const NO_SPEC: OciSpec = { ociVersion: '' };

export interface RemoteContainerStoreOptions {
  readonly stateDir: string;
  readonly log: Logger;
}

/** containerd's Containers service. */
export class RemoteContainerStore implements ContainerStore {
  readonly #channel: GrpcChannel;
  readonly #stateDir: string;
  readonly #log: Logger;

  constructor(channel: GrpcChannel, { stateDir, log }: RemoteContainerStoreOptions) {
    this.#channel = channel;
    this.#stateDir = stateDir;
    this.#log = log;
  }

  async create(container: ContainerState, call?: CallOptions): Promise<ContainerState> {
    const { id, runtime, runtimeOptions, spec, bundleDir } = container;
    const packedOptions = containerOptions(runtime, runtimeOptions);
    const labels = { ...container.labels, [BUNDLE_LABEL]: bundleDir };
    const record = {
      id,
      labels,
      image: '',
      runtime: { name: runtime, options: packedOptions },
      spec: packJson('Spec', spec),
      snapshotter: '',
      snapshotKey: '',
      createdAt: undefined,
      updatedAt: undefined,
      extensions: {},
      sandbox: '',
    };
    await this.#channel.unary(ContainersDefinition, 'create', { container: record }, call);
    return { ...container, labels, packedOptions };
  }

  async get(id: string, call?: CallOptions): Promise<ContainerState> {
    const { container } = await this.#channel.unary(ContainersDefinition, 'get', { id }, call);
    if (container === undefined) throw new NotFoundError(`load container ${id}: the answer is empty`);
    return this.#stateOf(container);
  }

  async list(call: CallOptions = {}): Promise<ContainerState[]> {
    const containers: ContainerState[] = [];
    const bounded = { ...call, timeoutMs: call.timeoutMs ?? LIST_TIMEOUT_MS };
    // A stream, since 1000 specs are more than one message may hold.
    for await (const { container } of this.#channel.stream(
      ContainersDefinition,
      'listStream',
      { filters: [] },
      bounded,
    )) {
      if (container !== undefined) containers.push(this.#stateOf(container));
    }
    return containers;
  }

  async delete(id: string, call?: CallOptions): Promise<void> {
    await this.#channel.unary(ContainersDefinition, 'delete', { id }, call);
  }

  /**
   * A container as containerd keeps it. One that another client made may have no spec, or none that can be read; it is
   * shown all the same, with an empty spec.
   */
  #stateOf(record: ContainerRecord): ContainerState {
    return {
      id: record.id,
      runtime: record.runtime?.name ?? '',
      labels: record.labels,
      spec: this.#specOf(record),
      packedOptions: record.runtime?.options,
      runtimeOptions: this.#optionsOf(record),
      bundleDir: record.labels[BUNDLE_LABEL] ?? join(this.#stateDir, record.id),
      isOurs: false,
    };
  }

  #specOf(record: ContainerRecord): OciSpec {
    if (record.spec === undefined) return NO_SPEC;
    try {
      const parsed = parseSpec(unpackJson(record.spec, 'Spec') ?? {});
      if ('spec' in parsed) return parsed.spec;
      this.#log.warn({ containerId: record.id, problem: parsed.problem }, 'read the spec of a container');
    } catch (err) {
      this.#log.warn({ err, containerId: record.id }, 'read the spec of a container');
    }
    return NO_SPEC;
  }

  #optionsOf(record: ContainerRecord): RuntimeOptions | undefined {
    try {
      return parseOptions(record.runtime?.options);
    } catch (err) {
      this.#log.warn({ err, containerId: record.id }, 'read the runtime options of a container');
      return undefined;
    }
  }
}
