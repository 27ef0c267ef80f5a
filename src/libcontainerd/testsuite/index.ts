import { after, before, describe, it } from 'node:test';
import { attachCases } from './attach-cases.js';
import { budgetCases } from './budget-cases.js';
import { cancelCases } from './cancel-cases.js';
import { clientCases } from './client-cases.js';
import { closeCases } from './close-cases.js';
import { containerCases } from './container-cases.js';
import { controlCases } from './control-cases.js';
import { eventCases } from './event-cases.js';
import { execCases } from './exec-cases.js';
import { externalStdioCases } from './external-stdio-cases.js';
import { fileStdioCases } from './file-stdio-cases.js';
import type { Harness, SuiteEnv } from './harness.js';
import { rerunCases } from './rerun-cases.js';
import { restoreCases } from './restore-cases.js';
import { statsCases } from './stats-cases.js';
import { stdioCases } from './stdio-cases.js';
import { type DefineCase, SuiteRun } from './suite-run.js';
import { taskCases } from './task-cases.js';

export type { Harness, SuiteEnv } from './harness.js';
export { shellArgs, shellProcess } from './shell-workloads.js';
export { patternBytes, type Workload } from './workload.js';

const AREAS: readonly (readonly [string, (define: DefineCase) => void])[] = [
  ['client', clientCases],
  ['container', containerCases],
  ['task', taskCases],
  ['runs', rerunCases],
  ['stdio', stdioCases],
  ['file stdio', fileStdioCases],
  ['external stdio', externalStdioCases],
  ['exec', execCases],
  ['control', controlCases],
  ['stats', statsCases],
  ['events', eventCases],
  ['attach', attachCases],
  ['restore', restoreCases],
  ['close', closeCases],
  ['cancel', cancelCases],
  ['budget', budgetCases],
];

/**
 * Registers the conformance suite of the seam with `node:test`: what every backend must do. Cases run one after another
 * and remove what they made. Environment: `SUITE_TIMEOUT_FACTOR` stretches all deadlines, `SUITE_SCALE` multiplies
 * repetitions.
 *
 * @param name of the backend, the title in the report
 */
export function clientSuite<Env extends SuiteEnv>(name: string, harness: Harness<Env>): void {
  describe(name, { concurrency: false }, () => {
    const run = new SuiteRun(harness);
    before(() => run.setUp());
    after(() => run.tearDown());
    it('declares the capabilities that the harness expects', () => run.assertCapabilities());
    for (const [area, define] of AREAS) {
      if (harness.areas?.includes(area) === false) continue;
      describe(area, { concurrency: false }, () => define(run.definer(area)));
    }
    it('left no container behind', () => run.assertNothingLeft());
    if (harness.cases !== undefined) it('knows every case that the harness names', () => run.assertKnownCases());
    it('skipped what the harness expects and nothing else', () => run.assertSkips());
  });
}
