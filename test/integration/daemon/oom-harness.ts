import assert from 'node:assert/strict';
import { type OomGrowth, RunOom } from '../../../src/daemon-core/oom/run-oom.js';
import type { OomFacts } from '../../../src/daemon-core/state/record.js';
import type { ContainerEvent } from '../../../src/libcontainerd/event.js';
import { Capture } from '../../../src/libcontainerd/testsuite/capture.js';
import { within } from '../../../src/libcontainerd/testsuite/deadline.js';
import type { Client, Container, Task } from '../../../src/libcontainerd/types.js';
import { createLogger } from '../../../src/log/logger.js';
import type { LinuxResources } from '../../../src/oci/runtime-spec.js';
import { KernelLog } from '../../../src/oom/kernel-log.js';
import { type MemoryCgroup, memoryCgroupOf } from '../../../src/oom/memory-cgroup.js';
import { readOomKills } from '../../../src/oom/read-oom-kills.js';
import { LocalHost } from '../host/local-host.js';
import { sh } from '../host/run-container.js';
import { containerSpec } from '../host/spec.js';

// Less is less than runc needs for itself: on cgroup v2 the copy that it runs from is charged to the container.
const LIMIT_BYTES = 32 * 1024 * 1024;

export interface WatchedOptions {
  readonly runtime: string;
  readonly script: string;
  /** Beside the limit of 32 MiB. */
  readonly memory?: LinuxResources['memory'];
  /** No OOM event reaches what watches the run. @default false */
  readonly isDeaf?: boolean;
}

/** One run of a container and what is known of its OOM kills. */
export interface Watched {
  readonly container: Container;
  readonly task: Task;
  readonly cgroup: MemoryCgroup;
  readonly capture: Capture;
  readonly oom: RunOom;
  readonly added: OomGrowth[];
  /** OOM events of the seam so far. */
  events: number;
  /** They are counted only: the kernel's counter is the one source. */
  readonly isDeaf: boolean;
  /** Resolves with the facts once init has exited; its task is not deleted then. */
  readonly settled: Promise<OomFacts>;
  settle(facts: OomFacts): void;
}

/** Feeds what the embedded core tells into `RunOom`s, as an engine does. */
export class OomHarness {
  readonly host: LocalHost;
  readonly client: Client;
  readonly kernelLog: KernelLog | undefined;
  readonly #runs = new Map<string, Watched>();

  private constructor(host: LocalHost, client: Client, kernelLog: KernelLog | undefined) {
    this.host = host;
    this.client = client;
    this.kernelLog = kernelLog;
    client.subscribe((event) => this.#take(event));
  }

  static async start(): Promise<OomHarness> {
    const host = await LocalHost.start();
    return new OomHarness(host, await host.client(), await KernelLog.open({ log: createLogger() }));
  }

  async stop(): Promise<void> {
    this.kernelLog?.close();
    await this.host.stop();
  }

  async run(id: string, { runtime, script, memory, isDeaf }: WatchedOptions): Promise<Watched> {
    const process = { args: sh(script), cwd: '/', env: ['PATH=/bin'] };
    const resources = { memory: { limit: LIMIT_BYTES, swap: LIMIT_BYTES, ...memory } };
    const spec = containerSpec({ rootfs: this.host.rootfs, process, resources });
    return this.start(await this.client.newContainer(id, { runtime, spec }), isDeaf);
  }

  /** Makes the container's next run. */
  async start(container: Container, isDeaf = false): Promise<Watched> {
    const capture = new Capture();
    const added: OomGrowth[] = [];
    const oom = this.runOom(container, added);
    const task = await container.newTask({ stdio: { stdin: true, attach: capture.attach } });
    const named = container.spec.linux?.cgroupsPath?.split('/').at(-1);
    const cgroup = await memoryCgroupOf(task.pid, { named });
    assert.ok(cgroup !== undefined, 'the memory cgroup of the container can be seen');
    oom.setCgroup(cgroup, readOomKills(cgroup));
    let settle = (_: OomFacts) => {};
    const settled = new Promise<OomFacts>((resolve) => {
      settle = resolve;
    });
    const watched: Watched = { container, task, cgroup, capture, oom, added, events: 0, isDeaf, settled, settle };
    this.#runs.set(container.id, watched);
    await task.start();
    return watched;
  }

  /** Hears nothing of the run any more, as an engine that has ended. */
  forget({ container, oom }: Watched): void {
    this.#runs.delete(container.id);
    oom.close();
  }

  runOom(container: Container, added: OomGrowth[], more: { cgroup?: MemoryCgroup; known?: OomFacts } = {}): RunOom {
    return new RunOom({
      containerId: container.id,
      run: 1,
      kernelLog: this.kernelLog,
      onChange: (_, growth) => added.push(growth),
      log: createLogger(),
      ...more,
    });
  }

  async exec({ task }: Watched, id: string, script: string): Promise<number> {
    const exec = await task.exec(id, { args: sh(script), cwd: '/', env: ['PATH=/bin'] });
    await exec.start();
    const { code } = await within(`exit of ${id}`, exec.wait());
    await exec.delete();
    return code;
  }

  /** Who was killed. The kernel writes ten cgroups in five seconds to its log, and leaves the others out. */
  victims({ oom, cgroup }: Watched): string[] {
    for (const victim of oom.facts.victims) assert.ok([undefined, cgroup.path].includes(victim.cgroup));
    return oom.facts.victims.map(({ process }) => process);
  }

  async end({ container, task, settled }: Watched): Promise<OomFacts> {
    await task.kill('SIGKILL').catch(() => {});
    const facts = await within('the last look', settled);
    await task.delete();
    await container.delete();
    return facts;
  }

  async #take(event: ContainerEvent): Promise<void> {
    const watched = this.#runs.get(event.containerId);
    if (watched === undefined) return;
    if (event.type === 'oom') {
      watched.events += 1;
      if (!watched.isDeaf) watched.oom.heard();
    } else if (event.type === 'exit') {
      const isInit = event.processId === event.containerId;
      const { code, exitedAt } = event.exit;
      await watched.oom.processExited(isInit ? 'init' : `exec ${event.processId}`, code, event.pid, exitedAt);
      if (isInit) watched.settle(await watched.oom.settle({ exitCode: code, hadGap: false }));
    }
  }
}
