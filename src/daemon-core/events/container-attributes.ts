import type { ContainerRecord } from '../state/record.js';

/**
 * What every event of a container says of it: its labels, its image and its name, the latter two over labels of these
 * names (moby `LogContainerEventWithAttributes`).
 */
export function containerAttributes(record: Pick<ContainerRecord, 'name' | 'config'>): Record<string, string> {
  const { Labels, Image } = record.config;
  return {
    ...Labels,
    ...(Image === undefined || Image === '' ? {} : { image: Image }),
    name: record.name,
  };
}
