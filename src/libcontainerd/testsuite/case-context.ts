import assert from 'node:assert/strict';
import { errorText, isCanceled, isNotFound } from '../../errdefs/index.js';
import type { OciSpec } from '../../oci/runtime-spec.js';
import type { EventsOptions } from '../event.js';
import type { Client, Container, NewContainerOptions, NewTaskOptions, Task } from '../types.js';
import { Capture } from './capture.js';
import { within } from './deadline.js';
import { EventLog } from './event-log.js';
import type { SuiteEnv } from './harness.js';
import type { Workload } from './workload.js';

export interface ContainerOptions extends Omit<NewContainerOptions, 'spec'> {
  readonly client?: Client;
  readonly id?: string;
  readonly terminal?: boolean;
  /** Added to the environment of the process. */
  readonly env?: readonly string[];
}

export interface StartedTask {
  readonly container: Container;
  readonly task: Task;
  readonly capture: Capture;
}

export interface RunOptions extends ContainerOptions {
  /** @default false */
  readonly stdin?: boolean;
  readonly capture?: Capture;
}

let caseNumber = 0;

/** What one case works with. Remembers what the case made, and removes it at the end. */
export class CaseContext {
  readonly env: SuiteEnv;
  /** The suite's own client, shared by all cases. */
  readonly client: Client;
  readonly #prefix = `case${++caseNumber}`;
  #ids = 0;
  readonly #made = new Map<Container, { client: Client; tasks: Task[] }>();
  readonly #clients: Client[] = [];
  readonly #undo: (() => Promise<void>)[] = [];

  constructor(env: SuiteEnv, client: Client) {
    this.env = env;
    this.client = client;
  }

  newId(): string {
    return `${this.#prefix}-${++this.#ids}`;
  }

  async newClient(namespace?: string): Promise<Client> {
    const client = await within('new client', this.env.newClient(namespace));
    this.#clients.push(client);
    return client;
  }

  async container(workload: Workload | OciSpec, options: ContainerOptions = {}): Promise<Container> {
    const { client = this.client, id = this.newId(), terminal = false, env = [], ...rest } = options;
    const spec = isSpec(workload) ? workload : this.env.spec(workload);
    assert.ok(spec.process !== undefined);
    const process = { ...spec.process, terminal, env: [...(spec.process.env ?? []), ...env] };
    const container = await within('new container', client.newContainer(id, { ...rest, spec: { ...spec, process } }));
    this.#made.set(container, { client, tasks: [] });
    return container;
  }

  async newTask(container: Container, options: NewTaskOptions = {}): Promise<Task> {
    const task = await within('new task', container.newTask(options));
    this.#made.get(container)?.tasks.push(task);
    return task;
  }

  /** A container with a created task, its output captured. */
  async created(workload: Workload | OciSpec, options: RunOptions = {}): Promise<StartedTask> {
    const { stdin = false, capture = new Capture(), ...rest } = options;
    const container = await this.container(workload, rest);
    const task = await this.newTask(container, { stdio: { attach: capture.attach, stdin } });
    return { container, task, capture };
  }

  /** The same, started. */
  async started(workload: Workload | OciSpec, options: RunOptions = {}): Promise<StartedTask> {
    const made = await this.created(workload, options);
    await within('start', made.task.start());
    return made;
  }

  /** The same, and ready for signals: for `sleep`, `trap` and `tty-size`. */
  async ready(workload: Workload, options: RunOptions = {}): Promise<StartedTask> {
    const made = await this.started(workload, options);
    await made.capture.shows('ready');
    return made;
  }

  /** Records the events of a client until the end of the case. */
  eventLog(client: Client = this.client, options: EventsOptions = {}): EventLog {
    const log = new EventLog();
    const subscription = client.subscribe(log.handler, options);
    this.#undo.push(() => subscription.close());
    return log;
  }

  /** To be called at the end of the case, whatever it came to. */
  async cleanUp(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (what: string, action: () => Promise<unknown>) => {
      await within(`clean up: ${what}`, action(), 30_000).catch((err: unknown) => failures.push(err));
    };
    for (const undo of this.#undo) await attempt('close a subscription', undo);
    for (const [container, { client, tasks }] of this.#made) {
      await attempt(`delete ${container.id}`, () => this.#remove(container, client, tasks));
    }
    for (const client of this.#clients) await attempt('close a client', () => client.close());
    if (failures.length > 0)
      throw new AggregateError(failures, `clean up after the case: ${failures.map(errorText).join('; ')}`);
  }

  async #remove(container: Container, client: Client, tasks: readonly Task[]): Promise<void> {
    for (const task of tasks) await ignoreGone(task.forceDelete());
    // The client of the case may be closed by now, and a task may exist that the case holds no handle of.
    const cleaner = client === this.client ? client : await this.newClient(client.namespace);
    await ignoreGone(
      (async () => {
        const found = await cleaner.loadContainer(container.id);
        await ignoreGone(found.task().then((task) => task.forceDelete()));
        await ignoreGone(found.delete());
      })(),
    );
  }
}

function isSpec(value: Workload | OciSpec): value is OciSpec {
  return 'ociVersion' in value;
}

async function ignoreGone(promise: Promise<unknown>): Promise<void> {
  await promise.catch((err: unknown) => {
    if (!isNotFound(err) && !isCanceled(err)) throw err;
  });
}
