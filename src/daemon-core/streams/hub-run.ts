import { remaining, withinCall } from '../../libcontainerd/deadline.js';
import type { CallOptions, StdioStreams } from '../../libcontainerd/types.js';
import type { Logger } from '../../log/logger.js';
import type { LogStream, LogWriter } from '../logs/log-driver.js';
import { OutputPump } from './output-pump.js';
import type { OutputReader } from './output-reader.js';
import { RunInput } from './run-input.js';
import { RunLog } from './run-log.js';

/** However long the output may take to end: a reader that stands still is no reason to wait for it. */
const READERS_MS = 2_000;

export type OutputReaders = Readonly<Record<LogStream, ReadonlySet<OutputReader>>>;

/** The streams of one run: its outputs are copied to the log and the readers, its stdin takes from all. */
export class HubRun {
  readonly input: RunInput;
  readonly #log: RunLog | undefined;
  readonly #pumps: readonly OutputPump[];

  constructor(streams: StdioStreams, writer: LogWriter | undefined, readers: OutputReaders) {
    this.input = new RunInput(streams.stdin);
    const pumps: OutputPump[] = [];
    this.#pumps = pumps;
    const log = writer === undefined ? undefined : new RunLog(writer, () => this.settle());
    this.#log = log;
    for (const stream of ['stdout', 'stderr'] as const) {
      const source = streams[stream];
      if (source !== undefined) pumps.push(new OutputPump({ stream, source, log, readers: readers[stream] }));
    }
  }

  /** To be called when readers have come or gone, or are slow no more. */
  settle(): void {
    for (const pump of this.#pumps) pump.settle();
  }

  /**
   * Waits for the end of the outputs, then for the log and whatever `finish` gives, all within the call. Output that has not come
   * by then is discarded. Never rejects.
   */
  async end(finish: () => Promise<unknown>, call: CallOptions, log: Logger): Promise<void> {
    const rest = remaining(call);
    const within = (what: string, work: Promise<unknown>) =>
      withinCall(what, work, rest()).catch((err: unknown) => log.debug({ err }, 'end the output of a run'));
    await within('read output to its end', Promise.all(this.#pumps.map((pump) => pump.ended)));
    for (const pump of this.#pumps) pump.discard();
    const finished = finish();
    const { signal, timeoutMs = READERS_MS } = rest();
    const reading = withinCall('let readers read', finished, { signal, timeoutMs: Math.min(timeoutMs, READERS_MS) });
    await Promise.all([
      within('write what is left to the log', this.closeLog()),
      reading.catch((err: unknown) => log.debug({ err }, 'end the output of a run')),
    ]);
  }

  /** Takes nothing more, and leaves it to the next engine. */
  freeze(): void {
    for (const pump of this.#pumps) pump.freeze();
  }

  async closeLog(): Promise<void> {
    await this.#log?.close();
  }
}
