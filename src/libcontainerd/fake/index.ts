export { FakeClient } from './client.js';
export type { FakeMethod } from './faults.js';
export { createFakeClient, createFakeHost, FakeHost, type FakeHostOptions } from './host.js';
export type { FakeProgram, FakePrograms, ProgramContext, TerminalSize } from './program.js';
