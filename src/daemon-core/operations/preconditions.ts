import { ConflictError, FailedPreconditionError, NotFoundError, NotModifiedError } from '../../errdefs/index.js';
import type { CurrentRun, ManagedContainer } from '../container/managed-container.js';

/** The refusals of dockerd, in its words: its clients match on them. */

/** @throws NotFoundError `ERR_CONTAINER_NOT_FOUND` when it was removed meanwhile */
export function assertThere(c: ManagedContainer): void {
  if (!c.isGone) return;
  throw new NotFoundError(`No such container: ${c.id}`, {
    code: 'ERR_CONTAINER_NOT_FOUND',
    fields: { containerId: c.id },
  });
}

/** @throws NotModifiedError when it runs; NotFoundError when it is gone; ConflictError when it is paused or on its way out */
export function assertStartable(c: ManagedContainer): void {
  assertThere(c);
  if (c.isRemoving) throw conflict(c, 'container is marked for removal and cannot be started');
  switch (c.state.status) {
    case 'paused':
      throw conflict(c, 'cannot start a paused container, try unpause instead');
    case 'running':
    case 'restarting':
      throw new NotModifiedError(`container ${c.id} is already running`, { fields: { containerId: c.id } });
    case 'removing':
    case 'dead':
      throw conflict(c, 'container is marked for removal and cannot be started');
    default:
      if (c.uncertain !== undefined) throw uncertain(c, c.uncertain);
  }
}

/** Gives the run of a container that has one. @throws ConflictError */
export function runOf(c: ManagedContainer): CurrentRun {
  if (c.uncertain !== undefined) throw uncertain(c, c.uncertain);
  if (c.run === undefined || !c.isAlive) throw conflict(c, `container ${c.id} is not running`);
  return c.run;
}

/** For what needs processes that move. @throws ConflictError */
export function movingRunOf(c: ManagedContainer): CurrentRun {
  if (c.state.status === 'restarting') {
    throw conflict(c, `Container ${c.id} is restarting, wait until the container is running`);
  }
  if (c.state.status === 'paused') {
    throw conflict(c, `Container ${c.id} is paused, unpause the container before exec`);
  }
  return runOf(c);
}

/** The state could not be learned; it may well run. */
function uncertain(c: ManagedContainer, cause: Error): FailedPreconditionError {
  return new FailedPreconditionError(`container ${c.id}: its runtime does not answer, so its state is not known yet`, {
    cause,
    fields: { containerId: c.id },
  });
}

export function conflict(c: ManagedContainer, message: string): ConflictError {
  return new ConflictError(message, { fields: { containerId: c.id } });
}
