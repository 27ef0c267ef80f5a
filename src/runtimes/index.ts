export { assertCgroupParent, type CgroupDriver, cgroupsPathOf } from './cgroup-driver.js';
export type { DaemonConfig, UlimitDirective } from './daemon-directives.js';
export { type DaemonJson, loadDaemonJson } from './daemon-json.js';
export { parseAddRuntime, parseAddRuntimes, type RuntimeEntries, runtimesFromDaemonJson } from './daemon-runtimes.js';
export { assertNoConflicts } from './directive-conflicts.js';
export {
  type ContainerRuntime,
  openRuntimeConfig,
  type RuntimeChanges,
  RuntimeConfig,
  type RuntimeConfigOptions,
} from './runtime-config.js';
export type { GenericDefaults, RuncDefaults, RuntimeDefaults, RuntimeEntry } from './runtime-entry.js';
export { ReloadableRuntimes } from './runtime-reload.js';
export { type ResolvedRuntime, RuntimeTable, type RuntimeTableOptions } from './runtime-table.js';
export { type ShimApi, shimApiOf } from './shim-name.js';
