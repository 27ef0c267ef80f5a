import { DataLossError } from '../../errdefs/index.js';
import { ContainersDefinition } from '../../protocol/gen/containerd/services/containers.js';
import { NamespacesDefinition } from '../../protocol/gen/containerd/services/namespaces.js';
import { GrpcChannel } from '../../protocol/grpc/channel.js';
import type { CallOptions } from '../types.js';

export interface NamespaceInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TenantContainer {
  readonly namespace: string;
  readonly id: string;
  readonly runtime: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Date | undefined;
}

/**
 * Looks across all namespaces of a containerd, which a `Client` never does: whoever hands clients to tenants keeps this
 * one. Read only.
 */
export class Administrator {
  readonly #channel: GrpcChannel;

  /** @throws InvalidArgumentError `ERR_ADDRESS_INVALID` */
  constructor(address: string) {
    this.#channel = new GrpcChannel(address, '');
  }

  async namespaces(call: CallOptions = {}): Promise<NamespaceInfo[]> {
    const { namespaces } = await this.#channel.unary(NamespacesDefinition, 'list', { filter: '' }, call);
    return namespaces.map(({ name, labels }) => ({ name, labels }));
  }

  /** The containers of every namespace, each namespace read at one moment of its own. */
  async containers(call: CallOptions = {}): Promise<TenantContainer[]> {
    const namespaces = await this.namespaces(call);
    const lists = await Promise.all(namespaces.map(({ name }) => this.#containersOf(name, call)));
    return lists.flat();
  }

  /** Idempotent. */
  close(): void {
    this.#channel.close();
  }

  async #containersOf(namespace: string, call: CallOptions): Promise<TenantContainer[]> {
    const containers: TenantContainer[] = [];
    const options = { ...call, namespace, timeoutMs: call.timeoutMs ?? 30_000 };
    for await (const { container } of this.#channel.stream(
      ContainersDefinition,
      'listStream',
      { filters: [] },
      options,
    )) {
      if (container === undefined) throw new DataLossError(`list containers of ${namespace}: an entry is empty`);
      const { id, image, labels, createdAt } = container;
      containers.push({ namespace, id, runtime: container.runtime?.name ?? '', image, labels, createdAt });
    }
    return containers;
  }
}
