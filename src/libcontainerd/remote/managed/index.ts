export type { ConfigOptions, ContainerdTuning } from './config.js';
export type { BackoffOptions, HealthOptions, ManagedContainerdOptions } from './options.js';
export type { Probe } from './probe.js';
export type { ManagedState, StateKind } from './state.js';
export { ManagedContainerd, type StateListener, type StopOptions } from './supervisor.js';
export type { TomlTable, TomlValue } from './toml.js';
export type { ContainerdVersion } from './version.js';
