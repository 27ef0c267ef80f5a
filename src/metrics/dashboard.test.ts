import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CGROUP1_FAMILIES } from './container-families/cgroup1.js';
import { CGROUP2_FAMILIES } from './container-families/cgroup2.js';
import { ENGINE_FAMILIES, type EngineFamily } from './engine-families.js';
import { parsePromql, type Selector } from './testing/promql.js';

interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}
interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const DASHBOARD: Dashboard = JSON.parse(readFileSync('examples/grafana-dashboard.json', 'utf8'));
const OF_EVERY_SCRAPE = ['instance', 'job'];
const OF_CONTAINERS = ['container_id', 'namespace', 'runtime'];
/** Of `Exposition`; docs.test.ts compares it with the documentation. */
const SCRAPE_ERRORS: EngineFamily = {
  name: 'engine_scrape_errors_total',
  help: '',
  type: 'counter',
  labelNames: ['collector'],
};

/** Labels by the name of each series that a scrape can have. */
function known(): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const { name, labelNames } of [...CGROUP1_FAMILIES, ...CGROUP2_FAMILIES]) {
    names.set(name, [...(names.get(name) ?? []), ...labelNames, ...OF_CONTAINERS, ...OF_EVERY_SCRAPE]);
  }
  const engine: readonly EngineFamily[] = [...Object.values(ENGINE_FAMILIES), SCRAPE_ERRORS];
  for (const { name, type, labelNames } of engine) {
    const labels = [...labelNames, ...OF_EVERY_SCRAPE];
    if (type !== 'histogram') names.set(name, labels);
    else {
      for (const suffix of ['_sum', '_count']) names.set(name + suffix, labels);
      names.set(`${name}_bucket`, [...labels, 'le']);
    }
  }
  return names;
}

function problemsOf({ metric, labels }: Selector, names = known()): string[] {
  const its = names.get(metric);
  if (its === undefined) return [`there is no ${metric}`];
  return labels.filter((label) => !its.includes(label)).map((label) => `${metric} has no label ${label}`);
}

/** As Grafana gives them to Prometheus. */
function expressions(): string[] {
  const queries = DASHBOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return queries.map((expr) => expr.replaceAll('$__rate_interval', '1m'));
}

/** `label_values(SELECTOR, LABEL)`: Grafana's own, which is no PromQL. */
function variables(): Selector[] {
  return DASHBOARD.templating.list.flatMap(({ definition }) => {
    if (definition === undefined) return [];
    const [, expr = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    return parsePromql(expr).map(({ metric, labels }) => ({ metric, labels: [...labels, label] }));
  });
}

describe('the Grafana dashboard', () => {
  it('asks only for metrics and labels that there are', () => {
    assert.ok(expressions().length > 30);
    const selectors = [...expressions().flatMap(parsePromql), ...variables()];
    assert.deepEqual(
      selectors.flatMap((selector) => problemsOf(selector)),
      [],
    );
  });

  it('shows containers of both cgroup versions', () => {
    const asked = new Set(
      expressions()
        .flatMap(parsePromql)
        .map(({ metric }) => metric),
    );
    const only = (these: readonly { name: string }[], others: readonly { name: string }[]) =>
      these.filter(({ name }) => asked.has(name) && !others.some((other) => other.name === name)).length;
    assert.ok(only(CGROUP1_FAMILIES, CGROUP2_FAMILIES) >= 6);
    assert.ok(only(CGROUP2_FAMILIES, CGROUP1_FAMILIES) >= 6);
  });

  it("shows all of the engine's families", () => {
    const asked = expressions().join('\n');
    const engine = [...Object.values(ENGINE_FAMILIES), SCRAPE_ERRORS];
    assert.deepEqual(
      engine.map(({ name }) => name).filter((name) => !asked.includes(name)),
      [],
    );
  });

  it('takes everything from the data source that is chosen', () => {
    const uids = DASHBOARD.panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid));
    assert.deepEqual(new Set(uids), new Set([`$${'{datasource}'}`]));
    assert.deepEqual(
      DASHBOARD.templating.list.map(({ name }) => name),
      ['datasource', 'instance', 'namespace'],
    );
  });

  it('has panels with ids of their own that do not lie on each other', () => {
    const { panels } = DASHBOARD;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });
});

describe('the check of expressions', () => {
  for (const wrong of [
    'rate(a)',
    'rate(a[1m]',
    'a[1m]',
    'sum by le (a)',
    'a{b="c}',
    'a{b}',
    'a +',
    'a b',
    'unheard_of(a)',
    'histogram_quantile(a)',
  ]) {
    it(`refuses ${wrong}`, () => {
      assert.throws(() => parsePromql(wrong));
    });
  }

  it('finds metrics and labels', () => {
    assert.deepEqual(parsePromql('sum by (x) (rate(a{b="c"}[1m])) / (d < 1e15)'), [
      { metric: 'a', labels: ['b', 'x'] },
      { metric: 'd', labels: [] },
    ]);
    assert.deepEqual(problemsOf({ metric: 'engine_containers', labels: ['state', 'op'] }), [
      'engine_containers has no label op',
    ]);
    assert.deepEqual(problemsOf({ metric: 'engine_nothing', labels: [] }), ['there is no engine_nothing']);
  });
});
