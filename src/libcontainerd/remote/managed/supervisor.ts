import process from 'node:process';
import {
  CanceledError,
  FailedPreconditionError,
  NotImplementedError,
  toEngineError,
  UnavailableError,
} from '../../../errdefs/index.js';
import type { Lock } from '../../../platform/folder-lock.js';
import { Backoff } from './backoff.js';
import type { DaemonProcess } from './daemon-process.js';
import { makeFolder } from './folders.js';
import { kill, type Loss, terminate, watchHealth } from './health.js';
import { adopt, launch, removeRunFiles } from './launch.js';
import { acquireSupervisorLock } from './lock.js';
import { type ManagedContainerdOptions, resolveOptions, type Settings } from './options.js';
import { type ManagedState, type StateEvent, transition } from './state.js';
import { type ContainerdVersion, findVersion } from './version.js';
import { pause } from './wait.js';

export type StateListener = (state: ManagedState, previous: ManagedState) => void;

export interface StopOptions {
  /** From SIGTERM until SIGKILL. @default the supervisor's `stopTimeoutMs` */
  readonly timeoutMs?: number | undefined;
}

/**
 * A containerd of our own: with its own root, state and socket, started, watched and started again when it ends or
 * hangs. It runs in its own session and outlives this process, as do its shims; the next supervisor of the same
 * folders takes it over. One supervisor at a time owns a root and a state folder.
 */
export class ManagedContainerd {
  readonly #settings: Settings;
  readonly #listeners = new Set<StateListener>();
  #state: ManagedState = { kind: 'stopped' };
  #version: ContainerdVersion | undefined;
  #daemon: DaemonProcess | undefined;
  #locks: Lock[] = [];
  /** Ends what runs in the background. */
  #session = new AbortController();
  #starting: Promise<void> = Promise.resolve();
  #work: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  /** Makes a supervisor that does nothing yet. @throws InvalidArgumentError `ERR_OPTION_INVALID`, `ERR_ADDRESS_INVALID` */
  constructor(options: ManagedContainerdOptions) {
    this.#settings = resolveOptions(options);
  }

  /** Makes one and starts it. */
  static async start(options: ManagedContainerdOptions): Promise<ManagedContainerd> {
    const managed = new ManagedContainerd(options);
    await managed.start();
    return managed;
  }

  /** Path of the gRPC socket. */
  get address(): string {
    return this.#settings.address;
  }

  get ttrpcAddress(): string {
    return this.#settings.ttrpcAddress;
  }

  /** Of the binary, as found at the latest start. An adopted containerd may be older: ask it. */
  get version(): ContainerdVersion | undefined {
    return this.#version;
  }

  /** Of the running containerd. */
  get pid(): number | undefined {
    return this.#state.kind === 'running' ? this.#state.pid : undefined;
  }

  get state(): ManagedState {
    return this.#state;
  }

  /** Calls the listener after each change. @returns ends that */
  onStateChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Adopts the living containerd of these folders or starts one, and resolves when it answers. From then on it is
   * kept running. Resolves at once when that is so already. An adopted one keeps the configuration it was started with.
   *
   * @throws NotFoundError `ERR_CONTAINERD_MISSING`; FailedPreconditionError `ERR_CONTAINERD_VERSION`; ConflictError
   * `ERR_SUPERVISOR_BUSY`; PermissionDeniedError `ERR_STATE_DIR`; UnavailableError `ERR_CONTAINERD_START`;
   * CanceledError when it is stopped or released meanwhile
   */
  start(): Promise<void> {
    const { kind } = this.#state;
    if (kind === 'stopping') {
      return Promise.reject(new FailedPreconditionError('start containerd: its supervisor is being stopped'));
    }
    if (kind === 'stopped' || kind === 'failed') {
      this.#change({ kind: 'start' });
      this.#session = new AbortController();
      const { signal } = this.#session;
      const first = this.#begin(signal);
      this.#starting = first.then(() => {});
      this.#work = first.then(
        (daemon) => this.#supervise(daemon, signal),
        () => {},
      );
    }
    return this.#starting;
  }

  /**
   * Ends containerd and removes its pidfile and sockets. Containers go on under their shims. Does nothing when this
   * supervisor is not in charge of one. Idempotent.
   *
   * @throws UnavailableError when the process does not end even on SIGKILL
   */
  stop(options: StopOptions = {}): Promise<void> {
    return this.#end(true, options.timeoutMs ?? this.#settings.stopTimeoutMs);
  }

  /** Stops supervising and leaves containerd running, for the next supervisor to adopt. Idempotent. */
  release(): Promise<void> {
    return this.#end(false, 0);
  }

  /** `release`, or `stop` with the option `stopOnClose`. */
  close(): Promise<void> {
    return this.#settings.stopOnClose ? this.stop() : this.release();
  }

  /** The same at once and without waiting: with `stopOnClose` containerd is killed. */
  destroy(): void {
    const { stopOnClose, logger } = this.#settings;
    if (stopOnClose) this.#daemon?.signal('SIGKILL');
    this.#end(stopOnClose, 0).catch((err: unknown) => logger.error({ err }, 'containerd did not end'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #change(event: StateEvent): void {
    const previous = this.#state;
    this.#state = transition(previous, event);
    this.#settings.logger.debug({ from: previous.kind, to: this.#state.kind }, 'managed containerd changed its state');
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.#state, previous);
      } catch (err) {
        this.#settings.logger.error({ err }, 'a state listener threw');
      }
    }
  }

  async #begin(signal: AbortSignal): Promise<DaemonProcess> {
    const settings = this.#settings;
    try {
      if (process.platform !== 'linux') throw new NotImplementedError('manage containerd: it needs Linux');
      this.#version = await findVersion(settings.binary, settings.env);
      makeFolder(settings.root);
      makeFolder(settings.state);
      for (const path of settings.lockPaths) {
        if (signal.aborted) throw gaveUp();
        this.#locks.push(await acquireSupervisorLock(path));
      }
      const daemon = (await adopt(settings, signal)) ?? (await this.#launch(this.#version, signal));
      this.#daemon = daemon;
      if (signal.aborted) throw gaveUp();
      settings.logger.info({ pid: daemon.pid, adopted: daemon.adopted }, 'containerd runs');
      this.#change({ kind: 'ready', pid: daemon.pid, adopted: daemon.adopted });
      return daemon;
    } catch (err) {
      // Whoever fired the signal cleans up.
      if (signal.aborted) throw gaveUp(err);
      const error = toEngineError(err);
      if (this.#daemon !== undefined) await kill(this.#daemon);
      await this.#leave(this.#daemon?.alive !== true);
      if (signal.aborted) throw gaveUp(err);
      this.#change({ kind: 'fail', error });
      throw error;
    }
  }

  #launch(version: ContainerdVersion, signal: AbortSignal): Promise<DaemonProcess> {
    return launch(this.#settings, version, signal, (daemon) => {
      this.#daemon = daemon;
    });
  }

  async #supervise(first: DaemonProcess, signal: AbortSignal): Promise<void> {
    const { logger } = this.#settings;
    const backoff = new Backoff(this.#settings.backoff);
    let daemon: DaemonProcess | undefined = first;
    while (daemon !== undefined) {
      const loss: Loss | undefined = await watchHealth(this.#settings, daemon, signal);
      if (loss === undefined) return;
      logger.error({ pid: daemon.pid, reason: loss.reason }, 'containerd was lost');
      await kill(daemon);
      if (signal.aborted) return;
      backoff.ran(loss.healthyMs);
      daemon = await this.#restart(loss.reason, backoff, signal);
    }
  }

  /** Tries until it runs; `undefined` when the signal fired. */
  async #restart(firstReason: string, backoff: Backoff, signal: AbortSignal): Promise<DaemonProcess | undefined> {
    const { logger, binary, env } = this.#settings;
    for (let reason = firstReason; !signal.aborted; ) {
      const { attempt, delayMs } = backoff.next();
      this.#change({ kind: 'lost', attempt, delayMs, reason });
      await pause(delayMs, { signal, unref: true });
      if (signal.aborted) return undefined;
      try {
        if (this.#daemon !== undefined && !(await kill(this.#daemon))) throw unkillable(this.#daemon);
        // Asked again: it may have been upgraded, and a new one wants another configuration.
        const version = await findVersion(binary, env);
        const daemon = await this.#launch(version, signal);
        if (signal.aborted) return undefined;
        this.#version = version;
        logger.info({ pid: daemon.pid, attempt }, 'containerd runs again');
        this.#change({ kind: 'ready', pid: daemon.pid, adopted: false });
        return daemon;
      } catch (err) {
        if (signal.aborted) return undefined;
        logger.error({ err, attempt }, 'containerd cannot be started again');
        reason = toEngineError(err).message.split('\n', 1).join();
      }
    }
    return undefined;
  }

  #end(stop: boolean, timeoutMs: number): Promise<void> {
    const { kind } = this.#state;
    if (this.#ending === undefined && kind !== 'stopped' && kind !== 'failed') {
      this.#change({ kind: 'stop' });
      this.#session.abort();
      this.#ending = this.#finish(stop, timeoutMs);
    }
    return this.#ending ?? Promise.resolve();
  }

  async #finish(stop: boolean, timeoutMs: number): Promise<void> {
    await this.#work;
    const daemon = this.#daemon;
    const ended = daemon === undefined || (stop && (await terminate(daemon, timeoutMs)));
    daemon?.unwatch();
    try {
      await this.#leave(ended);
    } finally {
      this.#ending = undefined;
      this.#change({ kind: 'ended' });
    }
    if (stop && !ended) throw unkillable(daemon);
  }

  /** Gives the folders back. */
  async #leave(ended: boolean): Promise<void> {
    this.#daemon = undefined;
    const locks = this.#locks.splice(0).reverse();
    try {
      // Without all locks the files are another supervisor's.
      if (ended && locks.length === this.#settings.lockPaths.length) await removeRunFiles(this.#settings);
    } finally {
      for (const lock of locks) lock.release();
    }
  }
}

function gaveUp(cause?: unknown): CanceledError {
  return new CanceledError('start containerd: its supervisor was stopped meanwhile', { cause });
}

function unkillable(daemon: DaemonProcess): UnavailableError {
  return new UnavailableError(`stop containerd: process ${daemon.pid} did not end on SIGKILL`, {
    fields: { pid: daemon.pid },
  });
}
