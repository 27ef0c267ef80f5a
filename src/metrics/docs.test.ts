import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ENGINE_FAMILIES, type EngineFamily } from './engine-families.js';
import { Exposition } from './exposition.js';
import { intervalTable } from './interval-table.js';
import { LogStub } from './testing/engine-stub.js';
import { TimerStatistics } from './timer-statistics.js';

const DOCUMENT = readFileSync('docs/metrics.md', 'utf8');

interface Row {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly labels: readonly string[];
}

function documented(): Row[] {
  const rows = DOCUMENT.matchAll(/^\| `(engine_\w+)` \| (\w+) \| (\w+) \|([^|]*)\| [^|]+ \|$/gm);
  return [...rows].map(([, name = '', type = '', unit = '', labels = '']) => ({
    name,
    type,
    unit,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
  }));
}

function rowOf({ name, type, labelNames }: EngineFamily): Row {
  const unit = /_(seconds|bytes)$/.exec(name)?.[1] ?? '1';
  return { name, type, unit, labels: labelNames };
}

/** What the exposition adds by itself. */
async function ownFamilies(): Promise<Row[]> {
  const collector = { metrics: [], collect: async () => {}, close: () => {} };
  const text = await new Exposition({ some: collector }, { log: new LogStub() }).scrape();
  return [...text.matchAll(/^# TYPE (\S+) (\S+)\n\S+\{(\w+)=/gm)].map(([, name = '', type = '', label = '']) =>
    rowOf({ name, type: type === 'counter' ? type : 'gauge', labelNames: [label], help: '' }),
  );
}

describe('docs/metrics.md', () => {
  it("has the engine's families as the code has them", async () => {
    const families: readonly EngineFamily[] = Object.values(ENGINE_FAMILIES);
    assert.deepEqual(documented(), [...families.map(rowOf), ...(await ownFamilies())]);
  });

  it('names counters, and nothing else, with _total', () => {
    for (const { name, type } of Object.values(ENGINE_FAMILIES)) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
    }
  });

  it('shows the rows of the table in the log', () => {
    const labels = (lines: readonly string[]) => lines.map((line) => line.replace(/:.*/, ':'));
    const [, shown = ''] = /```\n(timer [^`]+)```/.exec(DOCUMENT) ?? [];
    const printed = intervalTable({
      timers: { 'container-start-time': new TimerStatistics().summary() },
      counters: { containers: 0, events: 0, 'events-subscribers': 0 },
      gauges: { 'active-resources': 0, fds: 0 },
    });
    assert.deepEqual(labels(shown.trimEnd().split('\n')), labels(printed));
  });
});
