/** How a process ended. `code` is 128 + signal for a process that a signal ended. */
export interface ExitStatus {
  readonly code: number;
  readonly exitedAt: Date;
  /** True when nobody could tell: the task vanished with no exit event. `code` is then 255 (moby/moby#45800). */
  readonly exitUnknown: boolean;
}
