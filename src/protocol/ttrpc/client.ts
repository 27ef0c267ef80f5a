import { CanceledError, type EngineError, NotImplementedError } from '../../errdefs/index.js';
import { RpcCounter } from '../../telemetry/rpc.js';
import type { MethodName, RequestOf, ResponseOf, RpcCallOptions, ServiceDefinition, UnaryCalls } from '../method.js';
import type { TtrpcCallOptions } from './call-options.js';

export interface TtrpcClientOptions {
  /** The containerd namespace of all calls. @default none */
  readonly namespace?: string | undefined;
  /** For calls that give none, in milliseconds; `Infinity` waits for ever. @default 10 000 */
  readonly timeoutMs?: number | undefined;
}

/** One connection to a ttrpc server. Errors are `EngineError`s. */
export class TtrpcClient {
  readonly address: string;
  /** Settles once, with the reason. Never rejects. */
  readonly closed: Promise<EngineError> = Promise.resolve(new CanceledError('not written yet'));
  readonly rpcs = new RpcCounter('shim');

  private constructor(address: string) {
    this.address = address;
  }

  static async connect(
    address: string,
    _options: TtrpcClientOptions = {},
    _call: RpcCallOptions = {},
  ): Promise<TtrpcClient> {
    const client = new TtrpcClient(address);
    return Promise.reject(new NotImplementedError(`connect to ${client.address}: not written yet`));
  }

  unary<S extends ServiceDefinition, M extends MethodName<S, false>>(
    _service: S,
    _method: M,
    _request: RequestOf<S, M>,
    _call: TtrpcCallOptions = {},
  ): Promise<ResponseOf<S, M>> {
    return Promise.reject(new NotImplementedError('not written yet'));
  }

  /** All unary methods of a service as functions. */
  service<S extends ServiceDefinition>(definition: S): UnaryCalls<S, TtrpcCallOptions> {
    throw new NotImplementedError(`${definition.name}: not written yet`);
  }

  /** Ends the connection; pending calls fail with `reason`. Idempotent. */
  close(_reason?: EngineError): void {}
}
