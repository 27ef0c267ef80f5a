import type { Metric } from 'prom-client';
import { TimeSlice } from './time-slice.js';

/** Of the text exposition format 0.0.4, which every Prometheus takes. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string | number | undefined>>;

interface Value {
  readonly value: number;
  readonly labels: Labels;
  /** `x_bucket`, `x_sum`, `x_count` of a histogram. */
  readonly metricName?: string;
}

/**
 * Writes families line by line: `registry.metrics()` of prom-client writes all of them in one stall, and shows families that have no
 * series. What a slice of time has made becomes bytes at its end, since making them of all text at the end would be a stall again.
 */
export class TextWriter {
  readonly #slice = new TimeSlice();
  readonly #chunks: Buffer[] = [];
  #text = '';

  /** Appends nothing for a family without series. */
  async write(metric: Metric): Promise<void> {
    const { name, help, type, values } = await metric.get();
    if (values.length === 0) return;
    this.#text += `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${String(type)}\n`;
    for (const value of values) {
      this.#text += lineOf(name, value);
      if (this.#slice.isOver) await this.#endSlice();
    }
  }

  async finish(): Promise<Buffer> {
    await this.#endSlice();
    return Buffer.concat(this.#chunks);
  }

  async #endSlice(): Promise<void> {
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = '';
    await this.#slice.next();
  }
}

function lineOf(name: string, { value, labels, metricName }: Value): string {
  const text = labelsText(labels);
  return `${metricName ?? name}${text === '' ? '' : `{${text}}`} ${numberText(value)}\n`;
}

function labelsText(labels: Labels): string {
  let text = '';
  for (const label in labels) {
    const value = labels[label];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${label}="${escapeLabel(String(value))}"`;
  }
  return text;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

const TO_ESCAPE = /[\\\n"]/;

function escapeLabel(text: string): string {
  return TO_ESCAPE.test(text) ? escapeText(text).replaceAll('"', '\\"') : text;
}
