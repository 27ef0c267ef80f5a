import { Counter, type Metric } from 'prom-client';
import { InvalidArgumentError } from '../errdefs/index.js';
import { withinCall } from '../libcontainerd/deadline.js';
import type { CallOptions } from '../libcontainerd/types.js';
import type { Logger } from '../log/logger.js';
import type { Collector } from './collector.js';
import { CONTENT_TYPE, TextWriter } from './text-format.js';

/** For one collector. Prometheus gives up after 10 s by default; what the other collectors have must be written by then. */
const COLLECT_MS = 8_000;

/** A collector, and what it does at this moment. */
interface Source {
  readonly name: string;
  readonly collector: Collector;
  collecting: Promise<void> | undefined;
}

/**
 * All families of its collectors in the text format. Nothing is collected but when somebody scrapes, and no stall of a scrape is longer
 * than some milliseconds, however many series there are. Has one family of its own: `engine_scrape_errors_total`.
 */
export class Exposition {
  readonly contentType = CONTENT_TYPE;
  readonly #sources: readonly Source[];
  readonly #log: Logger;
  readonly #errors = new Counter({
    name: 'engine_scrape_errors_total',
    help: 'Scrapes in which a collector failed and its families were left out',
    labelNames: ['collector'],
    registers: [],
  });
  #scraping: Promise<Buffer> | undefined;

  /**
   * @param collectors by the name that `engine_scrape_errors_total` has for them; shown in this order. Whoever made them closes them
   * @throws InvalidArgumentError `ERR_OPTION_INVALID` when a family has two collectors
   */
  constructor(collectors: Readonly<Record<string, Collector>>, { log }: { readonly log: Logger }) {
    this.#sources = Object.entries(collectors).map(([name, collector]) => ({ name, collector, collecting: undefined }));
    this.#log = log;
    assertDistinct([this.#errors, ...this.#sources.flatMap(({ collector }) => collector.metrics)]);
    for (const { name } of this.#sources) this.#errors.inc({ collector: name }, 0);
  }

  /**
   * Collects, and gives the text in UTF-8. While one scrape is under way another one shares its work and its result. A collector that fails, or
   * has nothing after 8 s, costs its own families only.
   * @throws DeadlineExceededError, CanceledError when the caller gives up; the work goes on for the others
   */
  scrapeBytes(call: CallOptions = {}): Promise<Buffer> {
    this.#scraping ??= this.#scrape().finally(() => {
      this.#scraping = undefined;
    });
    return withinCall('scrape metrics', this.#scraping, call);
  }

  /** The same as text, which costs a copy. */
  async scrape(call: CallOptions = {}): Promise<string> {
    return (await this.scrapeBytes(call)).toString();
  }

  async #scrape(): Promise<Buffer> {
    const shown = await Promise.all(
      this.#sources.map(async (source) => ((await this.#collect(source)) ? [source] : [])),
    );
    const writer = new TextWriter();
    for (const { collector } of shown.flat()) {
      for (const metric of collector.metrics) await writer.write(metric);
    }
    await writer.write(this.#errors);
    return writer.finish();
  }

  async #collect(source: Source): Promise<boolean> {
    const { name, collector } = source;
    try {
      // One that did not end in time is still at it, and its series are half set.
      source.collecting ??= this.#begin(collector).finally(() => {
        source.collecting = undefined;
      });
      await withinCall(`collect the metrics of ${name}`, source.collecting, { timeoutMs: COLLECT_MS });
      return true;
    } catch (err) {
      this.#errors.inc({ collector: name });
      this.#log.warn({ err, collector: name }, 'scrape metrics: leave out the families of a collector');
      return false;
    }
  }

  async #begin(collector: Collector): Promise<void> {
    await collector.collect({ timeoutMs: COLLECT_MS });
  }
}

function assertDistinct(metrics: readonly Metric[]): void {
  const names = new Set<string>();
  for (const metric of metrics) {
    const name = nameOf(metric);
    if (!names.has(name)) names.add(name);
    else {
      throw new InvalidArgumentError(`expose metrics: the family ${name} has two collectors`, {
        code: 'ERR_OPTION_INVALID',
      });
    }
  }
}

/** prom-client's types leave it out. */
function nameOf(metric: Metric): string {
  if ('name' in metric && typeof metric.name === 'string') return metric.name;
  throw new InvalidArgumentError('expose metrics: a metric has no name', { code: 'ERR_OPTION_INVALID' });
}
