import type { ShimDialect } from '../shim/shim.js';
import { start } from './bootstrap.js';
import { cleanup } from './cleanup.js';
import { connect } from './connect.js';

/**
 * Shim API v1: `containerd-shim` of containerd 1.x, one process a container, cgroup v1 only. What it lacks of the task
 * API is made up for here: `stats` reads the cgroup, `shutdown` ends the process.
 *
 * Upstream: runtime/v1 of containerd release/1.6.
 */
export const shimV1: ShimDialect = { start, connect, cleanup };
