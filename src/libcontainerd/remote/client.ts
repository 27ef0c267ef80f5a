import { setTimeout as delay } from 'node:timers/promises';
import type { EngineError } from '../../errdefs/index.js';
import { VersionDefinition } from '../../protocol/gen/containerd/services/version.js';
import type { GrpcChannel } from '../../protocol/grpc/channel.js';
import { withinCall } from '../deadline.js';
import { ObjectClient, type ObjectClientOptions } from '../objects/client.js';
import type { CallOptions, VersionInfo } from '../types.js';
import { RemoteContainerStore } from './container-store.js';
import { EventStream } from './event-stream.js';
import { remoteTasks } from './task-service.js';

/** After a reconnect; later the sweep goes on. */
const RESYNC_TRIES = 10;
const RESYNC_RETRY_MS = 300;

export interface RemoteClientOptions extends ObjectClientOptions {
  readonly channel: GrpcChannel;
  readonly sweepIntervalMs: number;
}

/** The seam over one containerd and one of its namespaces. Made by `connectRemote`. */
export class RemoteClient extends ObjectClient {
  readonly #channel: GrpcChannel;
  readonly #stream: EventStream;
  readonly #sweep: NodeJS.Timeout;

  constructor(options: RemoteClientOptions) {
    const { channel, namespace, log, stateDir } = options;
    super(options, {
      tasks: remoteTasks(channel),
      containers: new RemoteContainerStore(channel, { stateDir, log }),
      assertUsable: (what, signal) => channel.assertUsable(what, signal),
      shimTypeOf: (runtime) => runtime,
      isConnected: () => this.#stream.state === 'live',
    });
    this.#channel = channel;
    this.#stream = new EventStream({
      channel,
      namespace,
      log,
      onEnvelope: (envelope) => this.receiveEnvelope(envelope),
      onLive: (attempt) => this.#live(attempt),
    });
    this.#sweep = setInterval(() => void this.#resyncAll(), options.sweepIntervalMs);
    this.#sweep.unref();
  }

  /** Opens the event stream; to be called once, before anything else. */
  async begin(call: CallOptions): Promise<void> {
    await withinCall('subscribe to events', this.#stream.start(), call);
  }

  /** Calls made so far by method, `Tasks/Create` and so on: the budgets of design section 5 are tested with it. */
  rpcCounts(): Map<string, number> {
    return this.#channel.rpcs.counts();
  }

  async version(call: CallOptions = {}): Promise<VersionInfo> {
    const { version, revision } = await this.#channel.unary(VersionDefinition, 'version', {}, call);
    return { name: 'containerd', version, revision };
  }

  protected stopTimers(): void {
    clearInterval(this.#sweep);
  }

  protected async stopEvents(): Promise<void> {
    await this.#stream.close();
  }

  protected disconnect(reason: EngineError): void {
    this.#channel.close(reason);
  }

  /** After a gap: subscribe came first, so what the list does not tell will come as an event. */
  #live(attempt: number): void {
    if (attempt === 1) return;
    this.context.log.info({ namespace: this.namespace, attempt }, 'the event stream is back');
    void this.#resyncUntilDone().then(() => this.eventsLost());
  }

  async #resyncUntilDone(): Promise<void> {
    const attempt = this.#stream.attempts;
    for (let tries = 0; tries < RESYNC_TRIES; tries++) {
      if (await this.#resyncAll()) return;
      await delay(RESYNC_RETRY_MS, undefined, { ref: false });
      // Closed, or the stream broke and came back: then that is another one's task.
      if (!this.isOpen || this.#stream.attempts !== attempt) return;
    }
  }

  async #resyncAll(): Promise<boolean> {
    try {
      await this.resync.all();
      return true;
    } catch (err) {
      if (this.isOpen) this.context.log.warn({ err, namespace: this.namespace }, 'resync of running tasks');
      return false;
    }
  }
}
