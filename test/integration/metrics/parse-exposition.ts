/** A family of a scrape. */
export interface ParsedFamily {
  readonly help: string;
  readonly type: string;
  /** Value by labels, sorted by name and written `a="x",b="y"`. Of a histogram by its line's name before them. */
  readonly series: Map<string, number>;
  /** All that any series has, sorted. */
  readonly labelNames: readonly string[];
}

const HELP = /^# HELP (\S+) (.*)$/;
const TYPE = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/;
const SERIES = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;
const PARTS = ['', '_bucket', '_sum', '_count'];

/** Reads the text format 0.0.4. Throws at whatever is not as Prometheus takes it: a line, a double series, a family in two parts. */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { help: string; type: string; series: Map<string, number>; labels: Set<string> }>();
  const helps = new Map<string, string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, helped, help] = HELP.exec(line) ?? [];
    if (helped !== undefined && help !== undefined) {
      if (helps.has(helped)) throw new Error(`two HELP lines: ${line}`);
      helps.set(helped, help);
      continue;
    }
    const [, typed, type] = TYPE.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      if (families.has(typed)) throw new Error(`two TYPE lines: ${line}`);
      families.set(typed, { help: helps.get(typed) ?? '', type, series: new Map(), labels: new Set() });
      current = typed;
      continue;
    }
    const [, name, labelText = '', valueText] = SERIES.exec(line) ?? [];
    const family = families.get(current);
    if (name === undefined || valueText === undefined || family === undefined) throw new Error(`no series: ${line}`);
    if (!PARTS.some((part) => name === `${current}${part}`)) throw new Error(`not of ${current}: ${line}`);
    const labels = labelsOf(labelText, line);
    const key = `${name === current ? '' : name}${labels.map(([label, value]) => `${label}="${value}"`).join(',')}`;
    if (family.series.has(key)) throw new Error(`twice: ${line}`);
    family.series.set(key, numberOf(valueText, line));
    for (const [label] of labels) family.labels.add(label);
  }
  const parsed = [...families].map(([name, { help, type, series, labels }]): [string, ParsedFamily] => {
    if (series.size === 0) throw new Error(`a family without series: ${name}`);
    return [name, { help, type, series, labelNames: [...labels].sort() }];
  });
  return new Map(parsed);
}

function labelsOf(text: string, line: string): [string, string][] {
  const labels: [string, string][] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) throw new Error(`labels: ${line}`);
    labels.push([name, value]);
  }
  return labels.sort(([a], [b]) => (a < b ? -1 : 1));
}

function numberOf(text: string, line: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text !== 'NaN') throw new Error(`value: ${line}`);
  return value;
}
