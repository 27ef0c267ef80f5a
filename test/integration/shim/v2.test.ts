import { describe } from 'node:test';
import { missing } from '../host/requirements.js';
import { describeShim } from './v2-cases.js';

describe('containerd-shim-runc-v2', { skip: missing('containerd-shim-runc-v2', 'runc', 'busybox') }, () => {
  describeShim({ binary: '/usr/bin/containerd-shim-runc-v2', apiVersion: 2, readsSpec: true });
});

describe('containerd-shim-runc-v1', { skip: missing('containerd-shim-runc-v1', 'runc', 'busybox') }, () => {
  describeShim({ binary: '/usr/bin/containerd-shim-runc-v1', apiVersion: 2, readsSpec: false });
});
