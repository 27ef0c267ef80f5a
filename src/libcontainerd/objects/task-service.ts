import type { OciSpec } from '../../oci/runtime-spec.js';
import type {
  CreateTaskRequest,
  CreateTaskResponse,
  TasksDefinition,
} from '../../protocol/gen/containerd/services/tasks.js';
import type { Any } from '../../protocol/gen/google/protobuf/any.js';
import type { RpcCallOptions, UnaryCalls } from '../../protocol/method.js';
import type { CallOptions, RuntimeOptions } from '../types.js';
import type { TaskOptionValues } from './runtime-options.js';

/** What a container object keeps, so that no call reads it again. */
export interface ContainerState {
  readonly id: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: OciSpec;
  readonly runtimeOptions: RuntimeOptions | undefined;
  /** The same as the backend keeps them, where it does. */
  readonly packedOptions?: Any | undefined;
  /** Holds the FIFOs of its processes. */
  readonly bundleDir: string;
  /** This client made it: no other is expected to give it a task. */
  readonly isOurs: boolean;
}

export interface TaskCallOptions extends RpcCallOptions {
  /** Where there is a connection that may be away: wait for it, up to the deadline. @default false */
  readonly waitForReady?: boolean | undefined;
}

/** A task to be made; each backend packs the runtime's options by itself. */
export interface TaskCreation {
  readonly container: ContainerState;
  readonly request: Omit<CreateTaskRequest, 'options'>;
  readonly options: TaskOptionValues;
}

/**
 * What the objects stand on: containerd's Tasks service, whether a containerd answers it or the embedded core. Requests,
 * replies and the classes of errors are containerd's.
 */
export interface TaskService extends Omit<UnaryCalls<TasksDefinition, TaskCallOptions>, 'create'> {
  create(creation: TaskCreation, call?: TaskCallOptions): Promise<CreateTaskResponse>;
  /** False when a create that failed so has certainly made nothing. */
  mayHaveCreated(err: unknown): boolean;
}

/** Where containers are kept: their metadata, not what runs. */
export interface ContainerStore {
  /** Gives what is kept. @throws AlreadyExistsError */
  create(container: ContainerState, call?: CallOptions): Promise<ContainerState>;
  /** @throws NotFoundError */
  get(id: string, call?: CallOptions): Promise<ContainerState>;
  list(call?: CallOptions): Promise<ContainerState[]>;
  /** @throws NotFoundError */
  delete(id: string, call?: CallOptions): Promise<void>;
}
