import { posix } from 'node:path';

/** What is wrong with the place of a mount inside the container, in dockerd's words; `undefined` when nothing is. */
export function destinationProblem(target: string): string | undefined {
  if (target === '') return 'field Target must not be empty';
  if (cleanPath(target) === '/') return "invalid specification: destination can't be '/'";
  return absoluteProblem(target);
}

export function absoluteProblem(path: string): string | undefined {
  return posix.isAbsolute(path) ? undefined : `invalid mount path: '${path}' mount path must be absolute`;
}

/** Without `.`, `..`, doubled slashes and one at the end. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
