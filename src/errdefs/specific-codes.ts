import type { CodeRow } from './code-row.js';

/** The codes that say more than the class: one for each failure that an operator handles in its own way. */
export const SPECIFIC_CODES = {
  ERR_CONTAINER_NOT_FOUND: {
    class: 'not-found',
    when: 'No container with this id exists in the namespace.',
    remedy: 'List the containers of the namespace and check the id; if you were deleting it, it is gone.',
  },
  ERR_TASK_NOT_FOUND: {
    class: 'not-found',
    when: 'The container exists and has no task: it was never started, or its task was deleted.',
    remedy: 'Start a new task for the container first.',
  },
  ERR_PROCESS_NOT_FOUND: {
    class: 'not-found',
    when: 'The task has no process with this exec id.',
    remedy: 'Check the exec id; a process whose exit was collected is forgotten.',
  },
  ERR_PROCESS_FINISHED: {
    class: 'not-found',
    when: 'The process has exited already, so it takes no signal, resize or input.',
    remedy: 'Read its exit status; if you were killing it, nothing is left to do.',
  },
  ERR_CONTAINER_EXISTS: {
    class: 'conflict',
    when: 'A container with this id or name exists already in the namespace.',
    remedy: 'Choose another one, or delete the container that has it.',
  },
  ERR_TASK_EXISTS: {
    class: 'conflict',
    when: 'The container already has a task; a container has one task at a time.',
    remedy: 'Use the running task, or kill and delete it before starting a new one.',
  },
  ERR_EXEC_EXISTS: {
    class: 'conflict',
    when: 'The task already has a process with this exec id.',
    remedy: 'Choose another exec id, or delete the finished process that has it.',
  },
  ERR_NAMESPACE_INVALID: {
    class: 'invalid-argument',
    when: 'The containerd namespace is empty or has characters that containerd does not take.',
    remedy: 'Use letters, digits and single dots, dashes or underscores between them, 76 characters at most.',
  },
  ERR_ID_INVALID: {
    class: 'invalid-argument',
    when: 'A container id or exec id is empty, too long or has characters that containerd does not take.',
    remedy: 'Use letters, digits and single dots, dashes or underscores between them, 76 characters at most.',
  },
  ERR_SPEC_INVALID: {
    class: 'invalid-argument',
    when: 'The OCI runtime spec lacks a required part or contradicts itself.',
    remedy: 'Correct the part of the spec that the message names.',
  },
  ERR_SIGNAL_INVALID: {
    class: 'invalid-argument',
    when: 'The signal is not known on the platform of the container.',
    remedy: 'Give a signal name such as SIGTERM, or its number.',
  },
  ERR_OPTION_INVALID: {
    class: 'invalid-argument',
    when: 'An option is unknown, has a wrong type or does not go together with another option.',
    remedy: 'Correct the option that the message names.',
  },
  ERR_ADDRESS_INVALID: {
    class: 'invalid-argument',
    when: 'The address of a socket or pipe cannot be understood, or is too long for the platform.',
    remedy:
      'Give an absolute socket path, or the path of a named pipe on Windows, short enough for the platform; for metrics HOST:PORT.',
  },
  ERR_RUNTIME_NOT_FOUND: {
    class: 'not-found',
    when: 'The runtime is not configured, or its shim binary is not on the path.',
    remedy: 'Check the runtime name, and install its shim where containerd or the engine finds it.',
  },
  ERR_RUNTIME_UNSUPPORTED: {
    class: 'not-implemented',
    when: 'The runtime is known and this containerd or platform does not support it any more or yet.',
    remedy: 'Choose a supported runtime (io.containerd.runc.v2), or a containerd version that has this one.',
  },
  ERR_COMMAND_NOT_FOUND: {
    class: 'invalid-argument',
    when: 'The command of the process does not exist inside the container (a shell would exit with 127).',
    remedy: 'Correct the command or the PATH of the process, or add the program to the root file system.',
  },
  ERR_COMMAND_NOT_EXECUTABLE: {
    class: 'invalid-argument',
    when: 'The command exists and cannot be executed (a shell would exit with 126).',
    remedy: 'Check its mode bits, its interpreter line, its architecture and the mount options.',
  },
  ERR_START_FAILED: {
    class: 'unknown',
    when: 'The runtime could not create or start the process, for a reason that is not the command itself.',
    remedy: 'Read the message of the runtime in the cause; its log lies in the bundle directory.',
  },
  ERR_CONTAINERD_UNREACHABLE: {
    class: 'unavailable',
    when: 'Nothing answers at the address of containerd.',
    remedy: 'Check that containerd runs and that the address is the one of its configuration.',
  },
  ERR_NOT_CONTAINERD: {
    class: 'unavailable',
    when: 'Something answers at the address, and it is not containerd.',
    remedy: 'Check the address; it may be the socket of dockerd or of a shim.',
  },
  ERR_SHIM_START: {
    class: 'internal',
    when: 'A shim was started and did not come up: it failed, ended at once, or its reply cannot be read.',
    remedy: 'Read what it said in the message; the OCI runtime, the bundle or the options are often at fault.',
  },
  ERR_SHIM_UNSUPPORTED: {
    class: 'not-implemented',
    when: 'The shim speaks a protocol or a version of the task API that this library does not.',
    remedy: 'Install a shim that speaks the task API 2 or 3 over ttrpc, or 3 over gRPC.',
  },
  ERR_SHIM_UNREACHABLE: {
    class: 'unavailable',
    when: 'Nothing answers at the address of a shim, or at another ttrpc address.',
    remedy: 'Check that the shim runs; when it is dead, clean up its container.',
  },
  ERR_SHIM_CONNECTION_LOST: {
    class: 'unavailable',
    when: 'The connection to a shim, or to another ttrpc peer, ended; calls under way may have taken effect.',
    remedy: 'Connect again and ask for the state; when the shim is dead, clean up its container.',
  },
  ERR_CONTAINERD_MISSING: {
    class: 'not-found',
    when: 'The containerd binary that is to be started is not there.',
    remedy: 'Install containerd or give the path of its binary.',
  },
  ERR_CONTAINERD_VERSION: {
    class: 'failed-precondition',
    when: 'The containerd found has a version that this library does not work with.',
    remedy: 'Install a version that the message names as supported.',
  },
  ERR_CONTAINERD_START: {
    class: 'unavailable',
    when: 'containerd was started and did not become ready, or exited.',
    remedy: 'Read the log of containerd that the message names; its configuration or root directory is often wrong.',
  },
  ERR_SUPERVISOR_BUSY: {
    class: 'conflict',
    when: 'Another supervisor owns this containerd root.',
    remedy: 'Stop the other one, or give this one its own root and state directories.',
  },
  ERR_STDIO_KEEPER: {
    class: 'unavailable',
    when: 'The stdio keeper, which holds output for this process, cannot be started or does not answer.',
    remedy: 'Read its log that the message names; restart it by killing it, at a time when no container ends.',
  },
  ERR_ROOT_BUSY: {
    class: 'conflict',
    when: 'Another client, of this process or another, uses this root directory.',
    remedy: 'Give this one its own root, or stop the process that the message names.',
  },
  ERR_ADDRESS_IN_USE: {
    class: 'conflict',
    when: 'Somebody listens at the path of the socket or at the TCP port, or the path belongs to something that is no socket.',
    remedy: 'Stop the other process, or choose another path or port.',
  },
  ERR_STATE_DIR: {
    class: 'permission-denied',
    when: 'A state directory cannot be made or used safely: its owner or mode is wrong.',
    remedy: 'Make it owned by the user of the engine and writable by no one else, or choose another directory.',
  },
  ERR_FIFO: {
    class: 'internal',
    when: 'A FIFO for the stdio of a process could not be made or opened.',
    remedy: 'Check space, mode and mount options of the FIFO directory; see the cause.',
  },
  ERR_STDIO_ATTACHED: {
    class: 'conflict',
    when: 'The stdio of the process is attached already; its FIFOs have one reader.',
    remedy: 'Share the streams of the first attach, or close them before attaching again.',
  },
  ERR_METRICS_UNKNOWN_TYPE: {
    class: 'not-implemented',
    when: 'The shim sent metrics of a type that this library does not know.',
    remedy: 'Update the library, or report the type that the message names.',
  },
  ERR_CHECKPOINT_FAILED: {
    class: 'internal',
    when: 'The runtime could not write or restore a checkpoint.',
    remedy: 'Check that CRIU is installed (criu check) and read its log in the checkpoint directory.',
  },
  ERR_CAPABILITY: {
    class: 'not-implemented',
    when: 'The operation needs a capability that this backend or platform reports it does not have.',
    remedy: 'Look at the capabilities of the client before the call, or use another backend.',
  },
  ERR_CLIENT_CLOSED: {
    class: 'canceled',
    when: 'The client was closed before or during the operation.',
    remedy: 'Create a new client; containers keep running and can be loaded again.',
  },
  ERR_ROOTFS_BUSY: {
    class: 'failed-precondition',
    when: 'The rootfs of a bundle is still mounted or holds files, so the bundle is not removed.',
    remedy: 'Find what keeps it (findmnt, fuser -m), unmount it or move the files away, then remove again.',
  },
  ERR_STATE_CORRUPT: {
    class: 'data-loss',
    when: 'A file of the state on disk cannot be read as what it should be.',
    remedy: 'Look at the file that the message names; restore it, or remove it and with it what it describes.',
  },
  ERR_WIRE_DECODE: {
    class: 'data-loss',
    when: 'A message of the peer could not be decoded.',
    remedy: 'Check that both sides have matching versions and that nothing else writes to the connection.',
  },
  ERR_TRANSITION: {
    class: 'internal',
    when: 'A state change was asked for that the state machine does not allow.',
    remedy: 'Report it as a bug, with both states from the message.',
  },
} as const satisfies Record<`ERR_${string}`, CodeRow>;
