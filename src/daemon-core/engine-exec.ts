import { ConflictError } from '../errdefs/index.js';
import { withinCall } from '../libcontainerd/deadline.js';
import type { CallOptions, Process } from '../libcontainerd/types.js';
import type { EngineContext } from './engine-context.js';
import { containerAttributes } from './events/container-attributes.js';
import { type ExecStartOptions, inspectExec, resizeExec, startExec } from './exec/exec.js';
import type { ManagedExec } from './exec/managed-exec.js';
import type { Attachment, AttachOptions } from './streams/stream-hub.js';

/** A process beside a container's own. */
export class EngineExec {
  readonly #engine: EngineContext;
  readonly #exec: ManagedExec;

  /** @internal */
  constructor(engine: EngineContext, exec: ManagedExec) {
    this.#engine = engine;
    this.#exec = exec;
  }

  get id(): string {
    return this.#exec.id;
  }

  get containerId(): string {
    return this.#exec.container.id;
  }

  /** Of the seam, while it runs. */
  get process(): Process | undefined {
    return this.#exec.process;
  }

  /**
   * Takes part in its output and input. Attach before the start, and no byte is missed.
   * @throws ConflictError when it is over
   */
  attach(options: AttachOptions): Attachment {
    if (this.#exec.status === 'exited') {
      throw new ConflictError(`exec command ${this.id} has already run`, { fields: { execId: this.id } });
    }
    const { detachKeys = this.#exec.config.DetachKeys } = options;
    const attachment = this.#exec.hub.attach({ ...options, detachKeys });
    void attachment.done.then((how) => {
      if (how !== 'detached') return;
      const { id, record } = this.#exec.container;
      const attributes = { ...containerAttributes(record), execID: this.id };
      this.#engine.events.publish('container', 'exec_detach', id, attributes);
    });
    return attachment;
  }

  start(options: ExecStartOptions = {}, call: CallOptions = {}): Promise<void> {
    return startExec(this.#engine, this.#exec, options, call);
  }

  /** Its exit code, when its end is committed. Without `timeoutMs` it waits for ever. @throws CanceledError when the engine closes */
  wait(call: CallOptions = {}): Promise<number> {
    return withinCall(`wait for exec ${this.id}`, this.#exec.ended.promise, call);
  }

  resize(size: { readonly height: number; readonly width: number }, call: CallOptions = {}): Promise<void> {
    return resizeExec(this.#exec, size, call);
  }

  /** Docker's JSON of it. */
  inspect(): ReturnType<typeof inspectExec> {
    return inspectExec(this.#exec);
  }
}
