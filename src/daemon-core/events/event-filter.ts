import type { Filters } from '../filters.js';
import { familiarImageName } from '../image-name.js';
import type { EngineEvent } from './engine-event.js';

/** Keys whose values are the beginning of the actor's id or name. */
const ACTORS = ['daemon', 'container', 'plugin', 'volume', 'network', 'service', 'node', 'secret', 'config'] as const;
/** What follows these in an action, after a colon, need not be named in a filter (moby/moby#25798). */
const OPEN_ENDED = ['health_status', 'exec_create', 'exec_start'];

/**
 * Whether `docker events --filter` lets the event through (moby daemon/events/filter.go): one value of each key fits, but
 * every label. A key that it does not know is no filter.
 */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  if (filters.isEmpty) return true;
  return (
    matchesAction(event, filters) &&
    filters.matchesExactly('type', event.Type) &&
    filters.matchesExactly('scope', event.scope) &&
    ACTORS.every((key) => matchesActor(event, key, filters)) &&
    matchesImage(event, filters) &&
    filters.matchesLabels('label', event.Actor.Attributes)
  );
}

function matchesAction({ Action }: EngineEvent, filters: Filters): boolean {
  const isOpenEnded = filters.get('event').some((value) => OPEN_ENDED.includes(value));
  return isOpenEnded ? filters.matchesPrefix('event', Action) : filters.matchesExactly('event', Action);
}

function matchesActor({ Actor }: EngineEvent, key: string, filters: Filters): boolean {
  return filters.matchesPrefix(key, Actor.ID) || filters.matchesPrefix(key, Actor.Attributes.name ?? '');
}

/** An image's events by its id or name, and those of containers made from it. */
function matchesImage({ Type, Actor }: EngineEvent, filters: Filters): boolean {
  if (!filters.has('image')) return true;
  const image = (Type === 'image' ? Actor.Attributes.name : Actor.Attributes.image) ?? '';
  return [Actor.ID, image, familiarImageName(Actor.ID), familiarImageName(image)].some((name) =>
    filters.matchesExactly('image', name),
  );
}
