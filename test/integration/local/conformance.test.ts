import { localConformance } from './conformance-host.js';

localConformance({ name: 'embedded core, runc', runtime: 'runc' });
