export type { GenericDefaults, RuncDefaults, RuntimeDefaults, RuntimeEntry } from './runtime-entry.js';
export { type ResolvedRuntime, RuntimeTable, type RuntimeTableOptions } from './runtime-table.js';
export { type ShimApi, shimApiOf } from './shim-name.js';
