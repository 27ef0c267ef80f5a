import type { Stdio } from '../../cio/stdio.js';
import type { OutputHold } from './context.js';

/** The same stdio; once its FIFOs are removed, nobody needs to hold them any more. */
export function heldStdio(stdio: Stdio, hold: OutputHold | undefined): Stdio {
  if (hold === undefined) return stdio;
  return {
    config: stdio.config,
    streams: stdio.streams,
    get state() {
      return stdio.state;
    },
    peerOpened: () => stdio.peerOpened(),
    peerFailed: () => stdio.peerFailed(),
    setCloseStdin: (closeStdin) => stdio.setCloseStdin(closeStdin),
    processExited: () => stdio.processExited(),
    drained: () => stdio.drained(),
    waitDrained: (options) => stdio.waitDrained(options),
    async close(options) {
      await stdio.close(options);
      if (options?.removeFiles !== false) hold.release(stdio.config);
    },
  };
}
