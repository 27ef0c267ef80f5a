export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

export function isAtLeast(kernel: KernelVersion, wanted: KernelVersion): boolean {
  return kernel.major > wanted.major || (kernel.major === wanted.major && kernel.minor >= wanted.minor);
}
