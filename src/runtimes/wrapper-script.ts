import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** A program that runs another one with arguments of ours before those it is given: the shim of runc has no place for any. */
export interface WrapperScript {
  /** Named after what is in it: another content is another file, so no reload changes what a container was started with. */
  readonly path: string;
  readonly text: string;
}

const NAME_CHARACTERS = 100;

/**
 * moby's `wrapRuntime` (`daemon/runtime_unix.go`), but each argument arrives as it was written: a shell reads none of it.
 * @param folder where scripts lie
 * @param name of the runtime; any text
 * @param program name or absolute path, without NUL, as the arguments
 */
export function wrapperScript(folder: string, name: string, program: string, args: readonly string[]): WrapperScript {
  // exec: the signals of the shim, and its wait, are for the program.
  const text = `#!/bin/sh\nexec ${[program, ...args].map(quote).join(' ')} "$@"\n`;
  const hash = createHash('sha256').update(text).digest('hex');
  // A runtime's name may have slashes; that of a file may not lead out of the folder, and what is hidden is a leftover.
  const readable = name
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .replace(/^\./, '_')
    .slice(0, NAME_CHARACTERS);
  return { path: join(folder, `${readable}.${hash}`), text };
}

/** One word for a POSIX shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
