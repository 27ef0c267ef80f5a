export type { TtrpcCallOptions } from './call-options.js';
export { TtrpcClient, type TtrpcClientOptions } from './client.js';
export type { ServiceHandlers, TtrpcRequestContext } from './handlers.js';
export { TtrpcServer, type TtrpcServerOptions } from './server.js';
