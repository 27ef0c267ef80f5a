import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { AlreadyExistsError, InvalidArgumentError, NotImplementedError } from '../../errdefs/index.js';
import type { ServiceDefinition } from '../method.js';
import { decodeMessage } from '../wire/index.js';
import type { ServiceHandlers, TtrpcRequestContext } from './handlers.js';

/** Gives what writes the answer. */
type Invoke = (payload: Uint8Array, context: TtrpcRequestContext) => Promise<(writer: BinaryWriter) => void>;
type Handler = (request: unknown, context: TtrpcRequestContext) => Promise<unknown>;

/** What a server answers, by the names on the wire. */
export class ServiceTable {
  readonly #services = new Map<string, Map<string, Invoke>>();

  /** @throws AlreadyExistsError when the service has handlers; InvalidArgumentError when it lacks a unary method */
  add<S extends ServiceDefinition>(definition: S, handlers: ServiceHandlers<S>): void {
    if (this.#services.has(definition.fullName)) {
      throw new AlreadyExistsError(`register ${definition.fullName}: it has handlers`);
    }
    const methods = new Map<string, Invoke>();
    for (const key of Object.keys(handlers)) {
      const method = definition.methods[key];
      if (method === undefined || method.requestStream || method.responseStream) {
        throw new InvalidArgumentError(`register ${definition.fullName}: it has no unary method ${key}`);
      }
    }
    // By the definition's keys: the handlers may be methods of a class, which are no keys of the object.
    for (const [key, method] of Object.entries(definition.methods)) {
      // The handler's own types are those of `method`, which the type of `handlers` has checked.
      const handler = Reflect.get(handlers, key) as Handler | undefined;
      if (handler === undefined) continue;
      methods.set(method.name, async (payload, context) => {
        let request: unknown;
        try {
          request = decodeMessage(method.requestType, payload);
        } catch (err) {
          throw new InvalidArgumentError(`decode request of ${method.name}`, { cause: err });
        }
        const response = await handler.call(handlers, request, context);
        return (writer) => method.responseType.encode(response, writer);
      });
    }
    this.#services.set(definition.fullName, methods);
  }

  /** @throws NotImplementedError for a service or a method without a handler */
  find(service: string, method: string): Invoke {
    const methods = this.#services.get(service);
    if (methods === undefined) throw new NotImplementedError(`service ${service}`);
    const invoke = methods.get(method);
    if (invoke === undefined) throw new NotImplementedError(`method ${service}/${method}`);
    return invoke;
  }
}
