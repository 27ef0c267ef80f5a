import assert from 'node:assert/strict';
import { it } from 'node:test';
import { errorText } from '../../errdefs/index.js';
import type { Capabilities, Client } from '../types.js';
import { CaseContext } from './case-context.js';
import { scaledMs, within } from './deadline.js';
import type { Harness, SuiteEnv } from './harness.js';

/** What a case cannot do without. */
export interface Needs {
  readonly capability?: Exclude<keyof Capabilities, 'metrics'> | 'metrics';
  readonly rpcCounts?: boolean;
  readonly oom?: boolean;
}

export type CaseBody = (context: CaseContext) => Promise<void>;

/** Registers a case of one area. */
export type DefineCase = (name: string, body: CaseBody, needs?: Needs) => void;

const CASE_TIMEOUT_MS = 120_000;

/** One pass of the suite over one backend: its environment, the shared client and the list of skips. */
export class SuiteRun<Env extends SuiteEnv> {
  readonly #harness: Harness<Env>;
  readonly #skipped: string[] = [];
  readonly #unseen: Set<string>;
  #env: Env | undefined;
  #client: Client | undefined;

  constructor(harness: Harness<Env>) {
    this.#harness = harness;
    this.#unseen = new Set(harness.cases);
  }

  async setUp(): Promise<void> {
    this.#env = await this.#harness.setup();
    this.#client = await within('new client', this.#env.newClient());
  }

  async tearDown(): Promise<void> {
    await this.#client?.close();
    if (this.#env !== undefined) await this.#harness.teardown(this.#env);
  }

  definer(area: string): DefineCase {
    const { cases } = this.#harness;
    return (name, body, needs = {}) => {
      this.#unseen.delete(`${area}: ${name}`);
      if (cases?.includes(`${area}: ${name}`) === false) return;
      it(name, { timeout: scaledMs(CASE_TIMEOUT_MS) }, async (t) => {
        const missing = this.#missing(needs);
        if (missing !== undefined) {
          this.#skipped.push(`${area}: ${name}`);
          t.skip(missing);
          return;
        }
        await this.#runCase(body);
      });
    };
  }

  assertNothingLeft(): Promise<void> {
    return this.#withClient(async (client) => {
      const containers = await within('list containers', client.containers());
      assert.deepEqual(
        containers.map((c) => c.id),
        [],
      );
    });
  }

  /** Every case that the harness names is there: a renamed one would be left out unnoticed. */
  assertKnownCases(): void {
    assert.deepEqual([...this.#unseen], []);
  }

  assertSkips(): void {
    assert.deepEqual([...this.#skipped].sort(), [...this.#harness.expectedSkips].sort());
  }

  assertCapabilities(): Promise<void> {
    return this.#withClient(async (client) => assert.deepEqual(client.capabilities, this.#harness.capabilities));
  }

  #missing(needs: Needs): string | undefined {
    const { capabilities } = this.#harness;
    if (needs.capability === 'metrics') {
      if (capabilities.metrics === 'none') return 'the backend reports no statistics';
    } else if (needs.capability !== undefined && !capabilities[needs.capability]) {
      return `the backend has no capability ${needs.capability}`;
    }
    if (needs.rpcCounts && this.#env?.rpcCounts === undefined) return 'the backend does not count calls';
    if (needs.oom && this.#env?.oomSpec === undefined) return 'the host cannot make an OOM kill';
    return undefined;
  }

  async #runCase(body: CaseBody): Promise<void> {
    await this.#withClient(async (client, env) => {
      const context = new CaseContext(env, client);
      const failures: unknown[] = [];
      await body(context).catch((err: unknown) => failures.push(err));
      await context.cleanUp().catch((err: unknown) => failures.push(err));
      if (failures.length === 1) throw failures[0];
      if (failures.length > 1)
        throw new AggregateError(failures, `case and clean-up failed: ${failures.map(errorText).join('; ')}`);
    });
  }

  async #withClient(action: (client: Client, env: SuiteEnv) => Promise<void>): Promise<void> {
    assert.ok(this.#env !== undefined && this.#client !== undefined, 'the setup of the harness failed');
    await action(this.#client, this.#env);
  }
}
