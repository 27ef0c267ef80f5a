import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter, Gauge, Histogram, type Metric } from 'prom-client';
import { CanceledError, DeadlineExceededError, InvalidArgumentError } from '../errdefs/index.js';
import type { CallOptions } from '../libcontainerd/types.js';
import { createLogger } from '../log/logger.js';
import type { Collector } from './collector.js';
import { Exposition } from './exposition.js';

const log = createLogger();

function gauge(name: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help: `help of ${name}`, labelNames, registers: [] });
}

class StubCollector implements Collector {
  calls: CallOptions[] = [];
  constructor(
    readonly metrics: readonly Metric[],
    readonly work: () => Promise<void> | void = () => {},
  ) {}
  async collect(call: CallOptions): Promise<void> {
    this.calls.push(call);
    await this.work();
  }
  close(): void {}
}

const ERRORS =
  '# HELP engine_scrape_errors_total Scrapes in which a collector failed and its families were left out\n# TYPE engine_scrape_errors_total counter\n';

describe('an exposition', () => {
  it('writes families in order, with what their labels and HELP have escaped', async () => {
    const odd = new Gauge({ name: 'odd', help: 'a\\b\nc "d"', labelNames: ['path', 'none'], registers: [] });
    odd.set({ path: 'a\\b\n"c"' }, Number.POSITIVE_INFINITY);
    const total = new Counter({ name: 'some_total', help: 'some', registers: [] });
    total.inc(2 ** 64);
    const collector = new StubCollector([odd, total]);
    assert.equal(
      await new Exposition({ some: collector }, { log }).scrape(),
      '# HELP odd a\\\\b\\nc "d"\n# TYPE odd gauge\nodd{path="a\\\\b\\n\\"c\\""} +Inf\n' +
        '# HELP some_total some\n# TYPE some_total counter\nsome_total 18446744073709552000\n' +
        `${ERRORS}engine_scrape_errors_total{collector="some"} 0\n`,
    );
  });

  it('writes the parts of a histogram as prom-client does', async () => {
    const settings = { name: 'took_seconds', help: 'h', labelNames: ['a'], buckets: [1, 2], registers: [] };
    const histogram = new Histogram(settings);
    histogram.observe({ a: 'x' }, 1.5);
    const text = await new Exposition({ some: new StubCollector([histogram]) }, { log }).scrape();
    assert.deepEqual(
      text.split('\n').filter((line) => line.startsWith('took')),
      [
        'took_seconds_bucket{le="1",a="x"} 0',
        'took_seconds_bucket{le="2",a="x"} 1',
        'took_seconds_bucket{le="+Inf",a="x"} 1',
        'took_seconds_sum{a="x"} 1.5',
        'took_seconds_count{a="x"} 1',
      ],
    );
  });

  it('does not show a family without series', async () => {
    const empty = gauge('empty', ['id']);
    const text = await new Exposition({ some: new StubCollector([empty]) }, { log }).scrape();
    assert.doesNotMatch(text, /empty/);
  });

  it('collects once for all who ask meanwhile, and anew for who asks later', async () => {
    const shown = gauge('shown');
    const gate = deferred();
    const collector = new StubCollector([shown], () => gate.promise);
    const exposition = new Exposition({ some: collector }, { log });
    const both = [exposition.scrape(), exposition.scrape()];
    gate.resolve();
    const [first, second] = await Promise.all(both);
    assert.equal(first, second);
    assert.equal(collector.calls.length, 1);
    await exposition.scrape();
    assert.equal(collector.calls.length, 2);
  });

  it('leaves out the families of a collector that fails, counts it, and shows all others', async () => {
    const [good, bad] = [gauge('good'), gauge('bad')];
    let isBroken = true;
    const broken = new StubCollector([bad], () => {
      if (isBroken) throw new Error('no');
    });
    const exposition = new Exposition({ broken, fine: new StubCollector([good]) }, { log });
    const text = await exposition.scrape();
    assert.match(text, /^good 0$/m);
    assert.doesNotMatch(text, /bad/);
    assert.match(text, /^engine_scrape_errors_total\{collector="broken"\} 1$/m);
    assert.match(text, /^engine_scrape_errors_total\{collector="fine"\} 0$/m);
    isBroken = false;
    assert.match(await exposition.scrape(), /^bad 0$/m);
  });

  it('waits 8 s for a collector, and then asks it nothing more until it is done', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const gate = deferred();
    const stuck = new StubCollector([gauge('stuck')], () => gate.promise);
    const exposition = new Exposition({ stuck, fine: new StubCollector([gauge('good')]) }, { log });
    for (const errors of [1, 2]) {
      const scrape = exposition.scrape();
      await turns();
      t.mock.timers.tick(8_000);
      const text = await scrape;
      assert.match(text, /^good 0$/m);
      assert.doesNotMatch(text, /stuck 0/);
      assert.match(text, new RegExp(`collector="stuck"\\} ${errors}$`, 'm'));
    }
    assert.deepEqual(stuck.calls, [{ timeoutMs: 8_000 }]);
    gate.resolve();
    await turns();
    assert.match(await exposition.scrape(), /^stuck 0$/m);
    assert.equal(stuck.calls.length, 2);
  });

  it('goes on for the others when one who waits gives up', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const gate = deferred();
    const exposition = new Exposition({ some: new StubCollector([gauge('shown')], () => gate.promise) }, { log });
    const giveUp = new AbortController();
    const [first, second, third] = [
      exposition.scrape({ signal: giveUp.signal }),
      exposition.scrape({ timeoutMs: 10 }),
      exposition.scrape(),
    ];
    giveUp.abort();
    await assert.rejects(first, CanceledError);
    t.mock.timers.tick(10);
    await assert.rejects(second, DeadlineExceededError);
    gate.resolve();
    assert.match(await third, /^shown 0$/m);
  });

  it('refuses a family of two collectors', () => {
    const collectors = { a: new StubCollector([gauge('twice')]), b: new StubCollector([gauge('twice')]) };
    assert.throws(() => new Exposition(collectors, { log }), InvalidArgumentError);
  });

  it('gives way to others while it writes many series', async () => {
    const many = gauge('many', ['id']);
    for (let id = 0; id < 100_000; id++) many.set({ id: `${id}` }, id);
    const exposition = new Exposition({ some: new StubCollector([many]) }, { log });
    let turnsOfOthers = 0;
    const turn = () => {
      turnsOfOthers += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const startedAt = performance.now();
    const text = await exposition.scrape();
    const tookMs = performance.now() - startedAt;
    clearImmediate(next);
    assert.equal(text.split('\n').length, 100_000 + 6);
    // Slices are 5 ms; a slow machine has more of them.
    assert.ok(turnsOfOthers >= Math.min(5, Math.floor(tookMs / 50)), `${turnsOfOthers} turns in ${tookMs} ms`);
    assert.ok(turnsOfOthers >= 2);
  });
});

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
}

function deferred(): Deferred {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

/** Lets what is ready run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
