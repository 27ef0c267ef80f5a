import { DeadlineExceededError, type EngineError } from '../../errdefs/index.js';
import type { TtrpcRequestContext } from './handlers.js';
import { type Metadata, namespaceOf } from './metadata.js';

const TIMER_MAX_MS = 2 ** 31 - 1;

/** The context of one request. Its signal is made when first asked for: most handlers are quick and never do. */
export class RequestContext implements TtrpcRequestContext {
  readonly metadata: Metadata;
  readonly #timeoutMs: number;
  readonly #receivedAt: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #endedBecause: EngineError | undefined;

  /** @param timeoutMs from now on; `Infinity` for none */
  constructor(metadata: Metadata, timeoutMs: number) {
    this.metadata = metadata;
    this.#timeoutMs = timeoutMs;
    this.#receivedAt = timeoutMs === Number.POSITIVE_INFINITY ? 0 : performance.now();
  }

  get namespace(): string {
    return namespaceOf(this.metadata);
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#makeController();
    return this.#controller.signal;
  }

  /** The answer is given: the signal fires no more. */
  finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Nobody waits for the answer any more: the signal fires with `reason`. */
  abandon(reason: EngineError): void {
    if (this.#isOver) return;
    this.finish();
    this.#endedBecause = reason;
    this.#controller?.abort(reason);
  }

  #makeController(): AbortController {
    const controller = new AbortController();
    if (this.#endedBecause !== undefined) controller.abort(this.#endedBecause);
    if (this.#isOver || this.#timeoutMs === Number.POSITIVE_INFINITY) return controller;
    const left = this.#receivedAt + this.#timeoutMs - performance.now();
    const expire = () => controller.abort(new DeadlineExceededError("the client's time is up"));
    if (left <= 0) expire();
    else this.#timer = setTimeout(expire, Math.min(left, TIMER_MAX_MS));
    return controller;
  }
}
