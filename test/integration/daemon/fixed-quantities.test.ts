import { after, before, describe } from 'node:test';
import { missing } from '../host/requirements.js';
import { fixedQuantityCases } from '../shared/fixed-quantities-cases.js';
import { EngineHost } from './engine-host.js';

const skip = missing('containerd-shim-runc-v2', 'runc', 'busybox', 'losetup');

describe('statistics of an engine', { skip, concurrency: false }, () => {
  let host: EngineHost;
  before(async () => {
    host = await EngineHost.start({ backend: { warmShims: 0 } });
  });
  after(() => host.stop());
  fixedQuantityCases(() => host);
});
