export type { FakeClient, FakeHost } from './controls.js';
export type { FakeMethod } from './faults.js';
export { createFakeClient, createFakeHost, type FakeHostOptions } from './host.js';
export type { FakeProgram, FakePrograms, ProgramContext, TerminalSize } from './program.js';
