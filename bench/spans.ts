import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { RPC_CHANNEL } from '../src/telemetry/rpc.js';

export interface Span {
  readonly beganAt: number;
  readonly endedAt: number;
}

/** When the calls of one start began and ended, taken on the real path: methods are wrapped while this is open. */
export class Spans {
  readonly #first = new Map<string, Span>();
  readonly #unwrap: (() => void)[] = [];

  constructor() {
    subscribe(RPC_CHANNEL, this.#onRpc);
  }

  /** Wraps an async method of a class (give its prototype), or a static one. */
  wrap<T extends object>(owner: T, key: keyof T & string, name: string): void {
    const original: unknown = Reflect.get(owner, key);
    if (typeof original !== 'function') throw new Error(`${key} is no method`);
    const note = (beganAt: number) => this.#note(name, { beganAt, endedAt: performance.now() });
    const value = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      const beganAt = performance.now();
      try {
        return await Reflect.apply(original, this, args);
      } finally {
        note(beganAt);
      }
    };
    Object.defineProperty(owner, key, { value, configurable: true, writable: true });
    this.#unwrap.push(() => Object.defineProperty(owner, key, { value: original, configurable: true, writable: true }));
  }

  /** Those since the last time. Of several calls of a name the first counts: a pool is filled behind a start. */
  take(): Map<string, Span> {
    const spans = new Map(this.#first);
    this.#first.clear();
    return spans;
  }

  close(): void {
    unsubscribe(RPC_CHANNEL, this.#onRpc);
    for (const unwrap of this.#unwrap) unwrap();
  }

  #note(name: string, span: Span): void {
    if (!this.#first.has(name)) this.#first.set(name, span);
  }

  readonly #onRpc = (message: unknown): void => {
    if (typeof message !== 'object' || message === null) return;
    if (!('method' in message && 'durationMs' in message)) return;
    const { method, durationMs } = message;
    const endedAt = performance.now();
    if (typeof durationMs === 'number') this.#note(String(method), { beganAt: endedAt - durationMs, endedAt });
  };
}
