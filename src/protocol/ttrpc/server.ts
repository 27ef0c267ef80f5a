import { NotImplementedError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import type { ServiceDefinition } from '../method.js';
import type { ServiceHandlers } from './handlers.js';

export interface TtrpcServerOptions {
  readonly log?: Logger | undefined;
}

export class TtrpcServer {
  constructor(_options: TtrpcServerOptions = {}) {}

  register<S extends ServiceDefinition>(_definition: S, _handlers: ServiceHandlers<S>): void {}

  listen(path: string): Promise<void> {
    return Promise.reject(new NotImplementedError(`listen on ${path}: not written yet`));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {}
}
