import { InvalidArgumentError } from '../errdefs/index.js';
import { parseTimestamp } from './events/timestamp.js';
import type { Filters } from './filters.js';
import { familiarImageName } from './image-name.js';
import { parsePortFilter, portsOf } from './port-filter.js';
import type { ContainerRecord, ContainerStatus, HealthState } from './state/record.js';

/** What `docker ps --filter` and `docker container prune --filter` take. `isolation` is for Windows, and lets all through. */
export const LIST_FILTERS: readonly string[] =
  'ancestor before exited expose health id is-task isolation label name network publish since status volume'.split(' ');
export const PRUNE_FILTERS: readonly string[] = ['label', 'label!', 'until'];

const STATUSES: readonly ContainerStatus[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];
const HEALTHS: readonly HealthState['Status'][] = ['none', 'starting', 'healthy', 'unhealthy'];
const ALIVE: readonly ContainerStatus[] = ['running', 'paused', 'restarting'];

type Matcher = (record: ContainerRecord) => boolean;

/** What a list has to look up elsewhere. */
export interface ListFilterContext {
  /** The container that `before` or `since` names. @throws NotFoundError when there is none */
  readonly find: (ref: string) => ContainerRecord;
  /** Names and ids of its networks. @default the one of its `NetworkMode` */
  readonly networksOf?: ((record: ContainerRecord) => readonly { name: string; id: string }[]) | undefined;
  /** Whether it was made from the image, or from one that is made from it. @default by the image's name */
  readonly isFrom?: ((record: ContainerRecord, image: string) => boolean) | undefined;
}

export interface ListFilter {
  readonly matches: Matcher;
  /** A status is asked for: containers that do not run are to be listed too, though nobody said `--all`. */
  readonly all: boolean;
}

/**
 * Reads the filters of a list. What is wrong with one is told at once, in the daemon's words (moby daemon/list.go). Unlike
 * there, `id` lets every container through whose id begins so, not only a single one.
 * @throws InvalidArgumentError; NotFoundError for a `before` or `since` that is no container
 */
export function listFilter(filters: Filters, context: ListFilterContext): ListFilter {
  filters.assertOnly(LIST_FILTERS);
  const exited = filters.get('exited').map(exitCode);
  const statuses = checked(filters, 'status', 'state', STATUSES);
  checked(filters, 'health', 'health', HEALTHS);
  const isTask = filters.flag('is-task', false);
  const before = filters.get('before').map(context.find);
  const since = filters.get('since').map(context.find);
  const publish = new Set(filters.get('publish').flatMap((value) => parsePortFilter('publish', value)));
  const expose = new Set(filters.get('expose').flatMap((value) => parsePortFilter('expose', value)));
  const { isFrom = isFromImage, networksOf = networkOfMode } = context;

  const matchers: Matcher[] = [
    ({ id }) => filters.matchesPrefix('id', id),
    ({ name }) => filters.matchesPattern('name', `/${name}`) || filters.matchesPattern('name', name),
    ({ config }) => filters.matchesLabels('label', config.Labels),
    ({ state }) => filters.matchesExactly('status', state.status),
    ({ state }) => filters.matchesExactly('health', state.health?.Status ?? 'none'),
    ({ state }) => exited.length === 0 || (hasExited(state) && exited.includes(state.exitCode)),
    // There are no tasks of a swarm.
    () => !filters.has('is-task') || !isTask,
    (record) => before.every((other) => compareNewestFirst(record, other) > 0),
    (record) => since.every((other) => compareNewestFirst(record, other) < 0),
    (record) => anyOf(filters, 'ancestor', (image) => isFrom(record, image)),
    (record) => anyOf(filters, 'volume', (volume) => hasVolume(record, volume)),
    (record) => anyOf(filters, 'network', (network) => isOnNetwork(networksOf(record), network)),
    (record) => {
      if (publish.size + expose.size === 0) return true;
      const ports = portsOf(record);
      return ports.published.some((port) => publish.has(port)) || ports.exposed.some((port) => expose.has(port));
    },
  ];
  return { all: statuses.length > 0, matches: (record) => matchers.every((matches) => matches(record)) };
}

/**
 * Reads the filters of a prune (moby daemon/prune.go). Which containers do not run is not its matter.
 * @param now what a duration of `until` counts from. @default the time of the call
 * @throws InvalidArgumentError
 */
export function pruneFilter(filters: Filters, now: Date = new Date()): Matcher {
  filters.assertOnly(PRUNE_FILTERS);
  const [until, second] = filters.get('until');
  if (second !== undefined) throw new InvalidArgumentError('more than one until filter specified');
  const endNano = until === undefined ? undefined : parseTimestamp(until, now);
  return ({ createdAt, config }) => {
    if (endNano !== undefined && parseTimestamp(createdAt) > endNano) return false;
    if (!filters.matchesLabels('label', config.Labels)) return false;
    return !filters.has('label!') || !filters.matchesLabels('label!', config.Labels);
  };
}

/** As `pruneFilter`, for one container. */
export function matchesPrune(record: ContainerRecord, filters: Filters): boolean {
  return pruneFilter(filters)(record);
}

/** For sorting a list as `docker ps` does; those of the same moment by id, so that `before` and `since` part them. */
export function compareNewestFirst(a: ContainerRecord, b: ContainerRecord): number {
  const [first, second] = [Date.parse(a.createdAt), Date.parse(b.createdAt)];
  if (first !== second) return second - first;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function exitCode(value: string): number {
  if (/^[+-]?\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError(`invalid filter 'exited=${value}': parsing "${value}": invalid syntax`);
}

function checked(filters: Filters, key: string, what: string, valid: readonly string[]): readonly string[] {
  const values = filters.get(key);
  const wrong = values.find((value) => !valid.includes(value));
  if (wrong === undefined) return values;
  throw new InvalidArgumentError(
    `invalid filter '${key}=${wrong}': invalid value for ${what} (${wrong}): must be one of ${valid.join(', ')}`,
  );
}

function anyOf(filters: Filters, key: string, fits: (value: string) => boolean): boolean {
  return !filters.has(key) || filters.get(key).some(fits);
}

function hasExited(state: ContainerRecord['state']): boolean {
  return !ALIVE.includes(state.status) && state.startedAt !== '';
}

function hasVolume({ mounts }: ContainerRecord, volume: string): boolean {
  return mounts.some(({ name, source, destination }) => destination === volume || (name || source) === volume);
}

function isFromImage({ config }: ContainerRecord, image: string): boolean {
  const own = config.Image ?? '';
  if (own === '') return false;
  // A name without a tag means the latest one.
  return own === image || withTag(own) === withTag(image);
}

const HAS_TAG = /[:@][^/]*$/;

function withTag(image: string): string {
  const [tag = ':latest'] = HAS_TAG.exec(image) ?? [];
  return familiarImageName(image) + tag;
}

function networkOfMode({ hostConfig }: ContainerRecord): readonly { name: string; id: string }[] {
  const mode = hostConfig.NetworkMode ?? '';
  const name = mode === '' || mode === 'default' ? 'bridge' : mode;
  return name.startsWith('container:') ? [] : [{ name, id: '' }];
}

function isOnNetwork(networks: readonly { name: string; id: string }[], wanted: string): boolean {
  return networks.some(({ name, id }) => name === wanted || (id !== '' && id.startsWith(wanted)));
}
