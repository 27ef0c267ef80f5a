/**
 * What a container is asked to be, in the words and the JSON shape of the Docker Engine API (`POST /containers/create`), so
 * that a document of Docker's, a body of the API and what `inspect` shows are one type. An absent field means Docker's
 * default. `parseContainerConfig` and `parseHostConfig` make them from what comes from outside.
 */

/** Durations are nanoseconds, as in Docker's JSON. 0 or absent: the default, or inherited. */
export interface HealthConfig {
  /** `[]` inherits; `['NONE']` switches off; `['CMD', ...args]`; `['CMD-SHELL', command]`. */
  readonly Test?: readonly string[];
  /** @default 30 s */
  readonly Interval?: number;
  /** @default 30 s */
  readonly Timeout?: number;
  /** @default 0 */
  readonly StartPeriod?: number;
  /** @default 5 s */
  readonly StartInterval?: number;
  /** @default 3 */
  readonly Retries?: number;
}

/** What belongs to the container wherever it runs. */
export interface ContainerConfig {
  readonly Hostname?: string;
  readonly Domainname?: string;
  /** `user`, `uid`, `user:group`, `uid:gid`... Names are looked up in the rootfs. @default root */
  readonly User?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  /** Close stdin when the first attached client that had it detaches. */
  readonly StdinOnce?: boolean;
  /** `NAME=value`; a `NAME` alone removes it. */
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Healthcheck?: HealthConfig;
  readonly ArgsEscaped?: boolean;
  /** The reference that it was made from, as it was given. */
  readonly Image?: string;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[];
  readonly NetworkDisabled?: boolean;
  readonly MacAddress?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  /** @default SIGTERM */
  readonly StopSignal?: string;
  /** Seconds. @default 10 */
  readonly StopTimeout?: number;
  readonly Shell?: readonly string[];
}
