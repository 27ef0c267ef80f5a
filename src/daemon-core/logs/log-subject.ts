/** What a log may tell of its container, in `attrs`. */
export interface LogSubject {
  readonly id: string;
  readonly name?: string | undefined;
  /** @default {} */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `NAME=value` each. @default [] */
  readonly env?: readonly string[] | undefined;
  readonly imageId?: string | undefined;
  readonly imageName?: string | undefined;
  /** The entrypoint and the arguments. */
  readonly command?: readonly string[] | undefined;
}
