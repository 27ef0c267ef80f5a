import type { Envelope } from '../../protocol/gen/containerd/types/types.js';
import type { EventDispatch } from '../event-dispatch.js';
import type { ObjectContext } from './context.js';
import { decodeEvent, type TaskEvent } from './event-facts.js';

/** Takes one envelope of a subscription. Never throws: one event that cannot be read must not end the stream. */
export function receiveEnvelope(envelope: Envelope, context: ObjectContext, dispatch: EventDispatch): void {
  const { namespace, log } = context;
  if (envelope.namespace !== namespace) return;
  try {
    const event = decodeEvent(envelope);
    if (event !== undefined) receiveTaskEvent(event, context, dispatch);
  } catch (err) {
    log.error({ err, topic: envelope.topic, namespace }, 'read an event');
  }
}

/**
 * Takes an event of a task: a fact for a run that this client holds, which announces what it changes; for other
 * containers an event as it is.
 */
export function receiveTaskEvent(event: TaskEvent, context: ObjectContext, dispatch: EventDispatch): void {
  const { table } = context;
  const { containerId, processId, type, pid, timestamp, fact } = event;
  // gVisor has sent events without a container (gvisor#12996).
  if (containerId === '') return;
  const isKnown = table.isKnown(containerId);
  if (fact !== undefined) table.apply(containerId, fact, { timestamp, synthesized: false });
  // Execs end with their init. A shim that died tells nothing of them (containerd/containerd#9719).
  const live = type === 'exit' && processId === containerId ? table.get(containerId) : undefined;
  if (live !== undefined && live.unfinished().length > 0) context.verifyLater(live);
  // Create and exec-added are announced when our call is answered; a checkpoint changes no state.
  if (isKnown && type !== 'checkpointed') return;
  const run = table.get(containerId)?.generation;
  const fields = { containerId, processId, pid, timestamp, run, synthesized: false };
  if (type !== 'exit') dispatch.publish({ ...fields, type });
  else if (event.exit !== undefined) dispatch.publish({ ...fields, type, exit: event.exit });
}
