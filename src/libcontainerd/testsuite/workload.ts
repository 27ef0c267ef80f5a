/**
 * What the process of a case does, without saying how: each backend's harness maps it to a program that it has.
 * `sleep`, `trap` and `tty-size` print `ready` and a newline once they take signals; a signal sent before may be lost.
 */
export type Workload =
  | { readonly do: 'exit'; readonly code: number }
  /** Writes the texts, stdout first, then ends. */
  | { readonly do: 'print'; readonly stdout?: string; readonly stderr?: string; readonly exit?: number }
  /** Writes exactly the bytes of `patternBytes` to stdout and ends at once. */
  | { readonly do: 'print-bytes'; readonly bytes: number; readonly exit?: number }
  /** Copies stdin to stdout until EOF, then ends with 0. */
  | { readonly do: 'cat' }
  /** Runs until SIGTERM and ends with 143 then. */
  | { readonly do: 'sleep' }
  /** The same for a signal and an exit code of choice. */
  | { readonly do: 'trap'; readonly signal: NodeJS.Signals; readonly exit: number }
  /** A program that is not in the root file system. */
  | { readonly do: 'missing' }
  /** Prints `size ROWS COLUMNS` whenever its terminal gets a new size, until SIGTERM. */
  | { readonly do: 'tty-size' }
  /** Prints its environment, one `NAME=value` a line. */
  | { readonly do: 'env' };

const PATTERN_LINE = '0123456789abcdef\n';

/** What `print-bytes` writes: `yes 0123456789abcdef | head -c LENGTH`. */
export function patternBytes(length: number): Buffer {
  return Buffer.alloc(length, PATTERN_LINE);
}
