import type { OciSpec } from '../../oci/runtime-spec.js';
import { clientSuite, type SuiteEnv } from '../testsuite/index.js';
import type { Workload } from '../testsuite/workload.js';
import type { Capabilities } from '../types.js';
import { createFakeHost } from './host.js';
import { WORKLOAD_PROGRAMS, workloadProcess } from './workload-programs.js';

const FULL: Capabilities = {
  checkpoint: false,
  pause: true,
  liveAttach: true,
  updateResources: true,
  oomEvents: true,
  runtimeV1: false,
  metrics: 'cgroup2',
};

const LEAST: Capabilities = {
  ...FULL,
  pause: false,
  liveAttach: false,
  updateResources: false,
  oomEvents: false,
  metrics: 'none',
};

function conformance(name: string, capabilities: Capabilities, expectedSkips: readonly string[]): void {
  clientSuite(name, {
    capabilities,
    expectedSkips,
    setup: async () => environment(capabilities),
    teardown: async () => {},
  });
}

function environment(capabilities: Capabilities): SuiteEnv {
  const host = createFakeHost({ programs: WORKLOAD_PROGRAMS, capabilities });
  const spec = (workload: Workload): OciSpec => ({
    ociVersion: '1.0.2',
    process: workloadProcess(workload),
    root: { path: '/rootfs' },
  });
  return {
    newClient: async (namespace) => host.client(namespace),
    spec,
    process: workloadProcess,
    rpcCounts: () => host.calls(),
    oomSpec: () => spec({ do: 'sleep' }),
    oomTrigger: (containerId) => host.oomKill(containerId),
  };
}

conformance('fake', FULL, []);
conformance('fake on cgroup v1', { ...FULL, metrics: 'cgroup1' }, []);
conformance('fake on Windows', { ...FULL, metrics: 'windows' }, []);
conformance('fake with no capability', LEAST, [
  'attach: attaches again after an attach callback failed',
  'attach: attaches only where no stdio is attached by this client',
  'attach: attaches to a running task: its stdio goes on and its exit arrives',
  'attach: finds no task to attach to where there is none',
  'external stdio: goes on without its client, and gives the next one the same FIFOs',
  'file stdio: leaves the files to the shim when another client attaches, and for ever',
  'attach: knows the exit of a task that ended before the attach',
  'attach: sees an exit that happened while no client was there',
  'budget: kills, pauses and resumes in one call each, and waits in none',
  'budget: restores any number of containers with two lists',
  'budget: samples any number of tasks in one call',
  'close: delivers what is queued before it is closed, and nothing later',
  'close: ends pending waits when it is closed',
  'close: ends pending waits with the reason when it is destroyed',
  'close: refuses every call on a closed client, and its containers go on',
  'control: changes limits of a running task, one at a time',
  'control: delivers a signal sent during a pause after the resume',
  'control: force-deletes a paused task',
  'control: holds a paused task still until it is resumed',
  'restore: restores running, ended and task-less containers, with stdio where asked',
  'stats: samples a task in the form that the capabilities name',
  'stats: samples many tasks at once, those asked for and no others',
  'task: sees an OOM kill before the exit, in state and as an event',
]);
