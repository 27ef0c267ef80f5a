import type { Readable } from 'node:stream';
import type {
  Client,
  Container,
  ExitStatus,
  NewTaskOptions,
  StdioStreams,
  Task,
} from '../../../src/libcontainerd/types.js';
import { containerSpec, type SpecOptions } from './spec.js';

export interface RunOptions extends Partial<Omit<SpecOptions, 'process'>> {
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly attach?: (streams: StdioStreams) => void;
  readonly task?: NewTaskOptions;
}

export interface Running {
  readonly container: Container;
  readonly task: Task;
}

/** Creates and starts a container that runs `args`. */
export async function run(client: Client, id: string, options: RunOptions): Promise<Running> {
  const { rootfs, args, terminal = false, stdin = false, attach, resources, cgroupsPath } = options;
  const process = { args, cwd: '/', env: ['PATH=/bin'], terminal };
  const spec = containerSpec({
    rootfs,
    process,
    ...(resources === undefined ? {} : { resources }),
    ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
  });
  const container = await client.newContainer(id, { spec });
  const stdio = attach === undefined ? {} : { stdio: { stdin, attach } };
  const task = await container.newTask({ ...stdio, ...options.task });
  await task.start();
  return { container, task };
}

export function sh(script: string): string[] {
  return ['/bin/sh', '-c', script];
}

/** Waits for the end, deletes task and container. */
export async function finish({ container, task }: Running, timeoutMs = 30_000): Promise<ExitStatus> {
  const exit = await task.wait({ timeoutMs });
  await task.delete();
  await container.delete();
  return exit;
}

/** Ends and deletes whatever state it is in. */
export async function discard({ container, task }: Running): Promise<void> {
  await task.forceDelete();
  await container.delete();
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Runs `count` jobs, `concurrency` at a time. Stops at the first failure. */
export async function inParallel(
  count: number,
  concurrency: number,
  job: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
}
