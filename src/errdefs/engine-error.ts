import type { CodeOf, ErrorCode } from './codes.js';
import type { ErrorClass } from './error-class.js';

/** Facts about a failure for logs: `containerId`, `execId`, `pid`, `runtime`, `path` and the like. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/** What may be said about an error besides its class and message. */
export interface EngineErrorOptions<C extends ErrorClass = ErrorClass> {
  /** A stable code of the same class. @default the class's own code, such as `ERR_NOT_FOUND` */
  readonly code?: CodeOf<C> | undefined;
  /** The error underneath. Its text is not repeated in the message. */
  readonly cause?: unknown;
  readonly fields?: ErrorFields | undefined;
}

// Symbol.for, not Symbol: two copies of the package in one process (an application and a plugin of it) must agree
// about what an EngineError is.
const BRAND = Symbol.for('libcontainerd.errdefs.EngineError');
const ANY_CLASS = '*';

/**
 * The base of every error that leaves a folder of this library. One subclass for each class of containerd's
 * `errdefs`; `instanceof` also holds for errors made by another copy of this package.
 */
export abstract class EngineError extends Error {
  /** What the caller should do. Use `resolveClass` when the error may be wrapped. */
  abstract readonly errorClass: ErrorClass;
  /** Stable and listed in `docs/errors.md`. Never changes its class. */
  readonly code: ErrorCode;
  // `declare`: without it the compiler defines the property as undefined on every error, and logs show it.
  declare readonly fields?: ErrorFields;

  static {
    brandClass(EngineError, ANY_CLASS, 'EngineError');
  }

  /** @param message lower-case, verb first, no trailing dot, without the cause's text */
  protected constructor(message: string, defaultCode: ErrorCode, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? defaultCode;
    if (options.fields !== undefined) this.fields = options.fields;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: `this` is the right side of instanceof, a subclass as a rule
    return isInstance(this, value);
  }
}

function isInstance(target: typeof EngineError, value: unknown): boolean {
  const own: unknown = Object.getOwnPropertyDescriptor(target.prototype, BRAND)?.value;
  // A subclass made outside this package has no brand of its own; it is told by its prototype, as every class is.
  if (own === undefined) return Function.prototype[Symbol.hasInstance].call(target, value);
  const brand = brandOf(value);
  return own === ANY_CLASS ? brand !== undefined : brand === own;
}

/** Gives a class its brand and its name. For `classes.ts` only. */
export function brandClass(target: { readonly prototype: EngineError }, brand: string, name: string): void {
  Object.defineProperty(target.prototype, BRAND, { value: brand });
  // On the prototype and not as a field: V8 writes the stack's first line before fields exist.
  Object.defineProperty(target.prototype, 'name', { value: name, writable: true, configurable: true });
}

function brandOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, BRAND) : undefined;
}
