import type { OciProcess, OciSpec } from '../../oci/runtime-spec.js';
import type { Capabilities, Client } from '../types.js';
import type { Workload } from './workload.js';

/** What a backend gives the suite so that it can be tested. */
export interface SuiteEnv {
  /**
   * A further client on the same backend: what a restarted engine would make. The suite closes each.
   * @param namespace the harness' own namespace when absent
   * @throws whatever the backend throws for a namespace it does not take
   */
  newClient(namespace?: string): Promise<Client>;
  /**
   * A complete spec that runs the workload as init: no terminal, own pid namespace, a limit on nothing. Called once for
   * each container, so that paths in it (cgroup) may differ.
   */
  spec(workload: Workload): OciSpec;
  /** The same workload as the process of an exec. */
  process(workload: Workload): OciProcess;
  /**
   * Calls sent so far by all clients of this environment, by short name such as `Tasks/Create`; long-lived streams
   * count when they are opened. Periodic sweeps must not run while the suite does. Absent: budget cases are skipped.
   */
  rpcCounts?(): Map<string, number>;
  /**
   * A spec whose init is killed by the kernel for memory soon after its start. Absent where the host cannot do that:
   * the OOM case is skipped.
   */
  oomSpec?(): OciSpec;
  /** Called beside `start` of the task made from `oomSpec`, where a backend has to be told (the fake). */
  oomTrigger?(containerId: string): void;
}

export interface Harness<Env extends SuiteEnv = SuiteEnv> {
  /** What the clients must declare. A case whose capability is missing here is skipped. */
  readonly capabilities: Capabilities;
  setup(): Promise<Env>;
  teardown(env: Env): Promise<void>;
  /** The cases that this backend skips, as `area: name`. The suite fails when it skips any other, or fewer. */
  readonly expectedSkips: readonly string[];
  /** Only these areas: for a machine on which the whole suite takes too long. @default all */
  readonly areas?: readonly string[] | undefined;
  /** Only these cases, as `area: name`; the suite fails when it does not know one. @default all */
  readonly cases?: readonly string[] | undefined;
}
