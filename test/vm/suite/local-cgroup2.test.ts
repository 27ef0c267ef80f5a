import { localBackend } from '../cases/backend.js';
import { metricsCases } from '../cases/metrics-cases.js';
import { oomCases } from '../cases/oom-cases.js';

oomCases('embedded core', localBackend);
metricsCases('embedded core', localBackend);
