/** A volume of the local driver. */
export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  /** The folder of the host with its content, whatever its options say about where that comes from. */
  readonly mountpoint: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `type`, `o` and `device`, as they were given. */
  readonly options: Readonly<Record<string, string>>;
  /** It was made for a container, with a name of no meaning. */
  readonly anonymous: boolean;
}

/** How a volume comes into a container. */
export type VolumeMount =
  | { readonly kind: 'bind'; readonly source: string; readonly recursive: boolean; readonly readOnly: boolean }
  /** A new one in each container, other than with dockerd, where all that use the volume share it. */
  | { readonly kind: 'tmpfs'; readonly options: readonly string[] };

/** The only driver there is. */
export const LOCAL_DRIVER = 'local';
