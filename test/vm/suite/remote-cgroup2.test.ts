import { remoteBackend } from '../cases/backend.js';
import { metricsCases } from '../cases/metrics-cases.js';
import { oomCases } from '../cases/oom-cases.js';

oomCases('remote', remoteBackend);
metricsCases('remote', remoteBackend);
