import type { CodeRow } from './code-row.js';

/** The code of an error that says nothing more than its class: one for each class, in the order of the classes. */
export const DEFAULT_CODES = {
  ERR_UNKNOWN: {
    class: 'unknown',
    when: 'The failure fits no other class; the message is all that is known.',
    remedy: 'Read the message and its causes; look at the log of containerd and of the shim at the same time.',
  },
  ERR_INVALID_ARGUMENT: {
    class: 'invalid-argument',
    when: 'The request is wrong in itself.',
    remedy: 'Correct the value that the message names; a retry without a change fails the same way.',
  },
  ERR_NOT_FOUND: {
    class: 'not-found',
    when: 'The thing that the message names does not exist.',
    remedy: 'Check the name and the namespace; if you were removing it, nothing is left to do.',
  },
  ERR_ALREADY_EXISTS: {
    class: 'already-exists',
    when: 'The thing to be created exists already.',
    remedy: 'Use the one that exists, choose another name, or remove the old one first.',
  },
  ERR_PERMISSION_DENIED: {
    class: 'permission-denied',
    when: 'The process or its user may not do this.',
    remedy: 'Run as root or give the user access to the path or socket that the message names.',
  },
  ERR_RESOURCE_EXHAUSTED: {
    class: 'resource-exhausted',
    when: 'A limit is reached: disk space, memory, open files, or the size of one message.',
    remedy: 'Free the resource or raise its limit, then retry.',
  },
  ERR_FAILED_PRECONDITION: {
    class: 'failed-precondition',
    when: 'The container or the host is not in the state that the operation needs.',
    remedy: 'Bring it into that state (for example start or stop the task), then retry.',
  },
  ERR_CONFLICT: {
    class: 'conflict',
    when: 'The request collides with the current state or with another request.',
    remedy: 'Look at the current state, then retry with a request that fits it.',
  },
  ERR_NOT_MODIFIED: {
    class: 'not-modified',
    when: 'The state is already the requested one, so nothing was done.',
    remedy: 'Nothing to do.',
  },
  ERR_ABORTED: {
    class: 'aborted',
    when: 'The operation was broken off in the middle, often by a connection that was reset.',
    remedy: 'Check the state of the container, then retry the whole operation.',
  },
  ERR_OUT_OF_RANGE: {
    class: 'out-of-range',
    when: 'A position or a size lies past the end of what exists.',
    remedy: 'Ask for the size first and stay inside it.',
  },
  ERR_NOT_IMPLEMENTED: {
    class: 'not-implemented',
    when: 'This backend, shim, platform or version does not offer the operation.',
    remedy: 'Use a backend or a version that has it; a retry does not help.',
  },
  ERR_INTERNAL: {
    class: 'internal',
    when: 'An invariant is broken inside the library, the shim or containerd.',
    remedy: 'Report it as a bug, with the message, its causes and the logs.',
  },
  ERR_UNAVAILABLE: {
    class: 'unavailable',
    when: 'The peer (containerd or a shim) cannot be reached at the moment.',
    remedy: 'Check that the peer runs, then retry after a pause.',
  },
  ERR_DATA_LOSS: {
    class: 'data-loss',
    when: 'Data is lost or damaged and cannot be read back.',
    remedy: 'Do not retry; restore the data, or remove and create the container again.',
  },
  ERR_UNAUTHENTICATED: {
    class: 'unauthenticated',
    when: 'The peer asks for credentials that were not given or not accepted.',
    remedy: 'Give valid credentials.',
  },
  ERR_DEADLINE_EXCEEDED: {
    class: 'deadline-exceeded',
    when: 'The operation did not finish in its time; it may still take effect later.',
    remedy: 'Check the state of the container before a retry; raise the timeout if the host is slow.',
  },
  ERR_CANCELED: {
    class: 'canceled',
    when: 'The caller gave the operation up; it may still have taken effect.',
    remedy: 'Nothing to do if this was intended; otherwise find out who aborted the signal.',
  },
} as const satisfies Record<`ERR_${string}`, CodeRow>;
