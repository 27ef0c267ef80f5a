import type { Metric } from 'prom-client';
import type { TimeSlice } from './time-slice.js';

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
 * Writes a family line by line: `registry.metrics()` of prom-client writes all of them in one stall, and shows families that have no
 * series. Appends nothing for such a one.
 */
export async function writeFamily(metric: Metric, out: string[], slice: TimeSlice): Promise<void> {
  const { name, help, type, values } = await metric.get();
  if (values.length === 0) return;
  out.push(`# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${String(type)}\n`);
  for (const value of values) {
    if (slice.isOver) await slice.next();
    out.push(lineOf(name, value));
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
