const DIGEST = /@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const TAG = /:\w[\w.-]{0,127}$/;
const ID = /^(?:sha256:)?[0-9a-f]{64}$/;
/** A registry is told from the first folder of a path by a dot, a port, or this name. */
const REGISTRY = /^(?:localhost|[^/]*[.:][^/]*)\//;
const DOCKER_HUB = /^(?:index\.)?docker\.io\//;

/**
 * An image's name as people know it: without tag, digest, and what Docker Hub's names begin with. `docker.io/library/alpine:3`
 * is `alpine`. An image's id is left as it is.
 */
export function familiarImageName(reference: string): string {
  if (ID.test(reference)) return reference;
  const name = reference.replace(DIGEST, '').replace(TAG, '');
  const path = name.replace(DOCKER_HUB, '');
  return path === name && REGISTRY.test(name) ? name : path.replace(/^library\//, '');
}
