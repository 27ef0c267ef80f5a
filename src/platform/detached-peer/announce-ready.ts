import { closeSync, openSync, writeSync } from 'node:fs';

const STDOUT = 1;

/** All that a program of `DetachedPeer` writes to its stdout, when it listens. */
export const READY = 'ready\n';

/** In the program: tells whoever started it, who waits for the end of the pipe. */
export function announceReady(): void {
  writeSync(STDOUT, READY);
  closeSync(STDOUT);
  // The number must not become that of a file which something prints into.
  openSync('/dev/null', 'w');
}
