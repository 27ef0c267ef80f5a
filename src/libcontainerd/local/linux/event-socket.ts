import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../../../errdefs/index.js';
import { type EventSink, ShimEventServer } from '../../../shim/event-server.js';

/** What is left of a killed engine goes within milliseconds; a machine may be busy. */
const GOING_MS = 2_000;
const LOOK_EVERY_MS = 10;

/**
 * Listens for the events of shims. To be called with the state folder locked: then who listens there is what a killed engine
 * leaves for a moment, a child between its fork and its exec, which has all that the engine had open.
 * @throws as `ShimEventServer.listen`, ConflictError `ERR_ADDRESS_IN_USE` after 2 s
 */
export async function listenForEvents(path: string, sink: EventSink): Promise<ShimEventServer> {
  const giveUpAt = performance.now() + GOING_MS;
  for (;;) {
    const server = new ShimEventServer(sink);
    try {
      await server.listen(path);
      return server;
    } catch (err) {
      await server.close();
      const isTaken = err instanceof EngineError && err.code === 'ERR_ADDRESS_IN_USE';
      if (!isTaken || performance.now() > giveUpAt) throw err;
    }
    await delay(LOOK_EVERY_MS);
  }
}
