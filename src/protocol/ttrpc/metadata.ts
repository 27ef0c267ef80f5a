/** Where ttrpc peers look for the containerd namespace; gRPC has another key (containerd `pkg/namespaces/ttrpc.go`). */
export const NAMESPACE_KEY = 'containerd-namespace-ttrpc';

/** Every value by its key. Go sends a key of several values as several pairs. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

export class MetadataBuilder {
  readonly #values = new Map<string, string[]>();

  add(key: string, value: string): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  get result(): Metadata {
    return this.#values;
  }
}

export function namespaceOf(metadata: Metadata): string {
  return metadata.get(NAMESPACE_KEY)?.[0] ?? '';
}
