import { TestHost } from '../host/test-host.js';
import { checkpointCases } from '../shared/checkpoint-cases.js';

checkpointCases('over containerd', ['containerd'], (env) => TestHost.start(env === undefined ? {} : { env }));
