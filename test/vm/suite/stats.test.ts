import { after, before, describe } from 'node:test';
import { EngineHost } from '../../integration/daemon/engine-host.js';
import { fixedQuantityCases } from '../../integration/shared/fixed-quantities-cases.js';
import { cgroup2StatsCases } from '../cases/stats-cases.js';

describe('statistics of an engine on cgroup v2', { concurrency: false }, () => {
  let host: EngineHost;
  before(async () => {
    // A keeper of outputs takes an emulated machine seconds to start, and crun does each thing in half of runc's time.
    host = await EngineHost.start({ backend: { stdio: 'plain', warmShims: 0 }, defaultRuntime: 'crun' });
  });
  after(() => host.stop());
  cgroup2StatsCases(() => host);
  fixedQuantityCases(() => host);
});
