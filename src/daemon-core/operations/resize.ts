import type { CallOptions } from '../../libcontainerd/types.js';
import type { ManagedContainer } from '../container/managed-container.js';
import type { EngineContext } from '../engine-context.js';
import { containerAttributes } from '../events/container-attributes.js';
import { runOf } from './preconditions.js';

/** Sets the size of the container's terminal, in character cells. @throws ConflictError when it does not run */
export async function resizeContainer(
  engine: EngineContext,
  c: ManagedContainer,
  size: { readonly height: number; readonly width: number },
  call: CallOptions = {},
): Promise<void> {
  await runOf(c).task.resize(size.width, size.height, call);
  engine.events.publish('container', 'resize', c.id, {
    ...containerAttributes(c.record),
    height: String(size.height),
    width: String(size.width),
  });
}
