import type { TimerSummary } from './timer-statistics.js';

/** What the table of `--metrics-interval` shows, by name. */
export interface IntervalMetrics {
  readonly timers: Readonly<Record<string, TimerSummary>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
}

const LABEL_WIDTH = 15;
const WHOLE_WIDTH = 9;
const FRACTION_WIDTH = 12;

/**
 * The table that the first containerd printed (its `--metrics-interval`, by go-metrics), a line each; with milliseconds in
 * place of nanoseconds.
 */
export function intervalTable({ timers, counters, gauges }: IntervalMetrics): string[] {
  return [
    ...Object.entries(timers).flatMap(([name, timer]) => [`timer ${name}`, ...timerLines(timer)]),
    ...Object.entries(counters).flatMap(([name, count]) => [`counter ${name}`, whole('count', count)]),
    ...Object.entries(gauges).flatMap(([name, value]) => [`gauge ${name}`, whole('value', value)]),
  ];
}

function timerLines(timer: TimerSummary): string[] {
  return [
    whole('count', timer.count),
    duration('min', timer.min),
    duration('max', timer.max),
    duration('mean', timer.mean),
    duration('stddev', timer.stddev),
    ...timer.percentiles.map(([percent, ms]) => duration(percent === 50 ? 'median' : `${percent}%`, ms)),
    rate('1-min rate', timer.rate1),
    rate('5-min rate', timer.rate5),
    rate('15-min rate', timer.rate15),
    rate('mean rate', timer.meanRate),
  ];
}

function whole(label: string, value: number): string {
  return labelled(label, String(value).padStart(WHOLE_WIDTH));
}

function duration(label: string, ms: number): string {
  return labelled(label, `${twoPlaces(ms)}ms`);
}

function rate(label: string, perSecond: number): string {
  return labelled(label, twoPlaces(perSecond));
}

function twoPlaces(value: number): string {
  return value.toFixed(2).padStart(FRACTION_WIDTH);
}

function labelled(label: string, value: string): string {
  return `  ${label}:`.padEnd(LABEL_WIDTH) + value;
}
