import { isNotFound } from '../../errdefs/index.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import type { ManagedExec } from './managed-exec.js';

const DELETE_MS = 30_000;
/** A little longer than the backend drains. */
const OUTPUT_MS = 12_000;
/** Of execs that did not tell their end before their container's. */
const UNKNOWN_EXIT_CODE = 137;
/** How long the exits of execs may lag behind the exit of the container. */
const LAG_MS = 2_000;

/**
 * The exec is over. The exit code can be read before its output ends: a client asks for it when it sees the end.
 * Idempotent.
 */
export async function endExec(engine: EngineContext, exec: ManagedExec, exitCode: number): Promise<void> {
  if (exec.status === 'exited') return;
  const { container: c } = exec;
  exec.status = 'exited';
  exec.exitCode = exitCode;
  exec.started.settle();
  engine.execs.live.delete(exec.id);
  engine.execs.finished.set(exec.id, exec);
  c.execs.delete(exec.id);
  // Slow readers go on by themselves.
  await Promise.all([deleteProcess(engine, exec), exec.hub.end({ timeoutMs: OUTPUT_MS })]);
  engine.events.publish('container', 'exec_die', c.id, {
    ...containerAttributes(c.record),
    execID: exec.id,
    exitCode: String(exitCode),
  });
  exec.ended.settle(exitCode);
}

/** With the backend, and its streams. Never rejects. */
export async function deleteProcess(engine: EngineContext, exec: ManagedExec): Promise<void> {
  await exec.process?.delete({ timeoutMs: DELETE_MS }).catch((err: unknown) => {
    const { id: execId, container } = exec;
    if (!isNotFound(err)) engine.log.warn({ err, containerId: container.id, execId }, 'delete an exec that ended');
  });
}

/**
 * The container is over, so its execs are, whether their own exits came or not: older shims tell them late or never
 * (containerd/containerd#9719).
 */
export async function finishExecsOf(engine: EngineContext, c: ManagedContainer): Promise<void> {
  await Promise.all(
    [...c.execs].map(async (id) => {
      const exec = engine.execs.live.get(id);
      if (exec === undefined) return;
      if (exec.status === 'created') {
        // It was never started, and cannot be any more.
        return forgetExec(engine, exec);
      }
      const exitCode = await exec.process?.wait({ timeoutMs: LAG_MS }).then(
        ({ code }) => code,
        () => UNKNOWN_EXIT_CODE,
      );
      return endExec(engine, exec, exitCode ?? UNKNOWN_EXIT_CODE);
    }),
  );
}

async function forgetExec(engine: EngineContext, exec: ManagedExec): Promise<void> {
  engine.execs.live.delete(exec.id);
  exec.container.execs.delete(exec.id);
  exec.status = 'exited';
  await exec.hub.close();
  exec.started.settle();
  exec.ended.settle(UNKNOWN_EXIT_CODE);
}
