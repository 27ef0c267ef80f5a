/** What a monitor asks of a probe. */
export interface ProbeRequest {
  readonly args: readonly string[];
  /** From the moment the process runs. Past it the process is killed, and the exit code is -1. */
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** Fires when nobody wants the result any more: the process is killed and the probe rejects. */
  readonly signal: AbortSignal;
}

export interface ProbeResult {
  /** 0 is healthy. */
  readonly exitCode: number;
  readonly output: string;
}

/** Runs one health check. A rejection counts as a failed check, with the error's text as its output. */
export type Probe = (request: ProbeRequest) => Promise<ProbeResult>;
