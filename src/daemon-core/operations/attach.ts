import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import type { Attachment, AttachOptions } from '../streams/stream-hub.js';
import { attachToFiles } from './attach-files.js';
import { conflict } from './preconditions.js';

/**
 * Takes part in what a container prints and reads, from now on; of one that is not started yet, from its first byte. Ends
 * with the run. What was printed before is in the logs.
 * @throws ConflictError when it is paused, restarting or being removed; InvalidArgumentError for detach keys that are none
 */
export function attachContainer(engine: EngineContext, c: ManagedContainer, options: AttachOptions): Attachment {
  const { status } = c.state;
  if (status === 'paused') throw conflict(c, `container ${c.id} is paused, unpause the container before attach`);
  if (status === 'restarting') {
    throw conflict(c, `container ${c.id} is restarting, wait until the container is running`);
  }
  if (status === 'removing' || status === 'dead') throw conflict(c, `container ${c.id} is marked for removal`);
  // Files that others write have no streams: they are read as they grow.
  const isElsewhere = c.logs.files !== undefined || c.logs.external !== undefined;
  const attachment = isElsewhere ? attachToFiles(c, options) : c.hub.attach(options);
  engine.events.publish('container', 'attach', c.id, containerAttributes(c.record));
  void attachment.done.then((how) => {
    if (how === 'detached') engine.events.publish('container', 'detach', c.id, containerAttributes(c.record));
  });
  return attachment;
}
