import { errorText, isAlreadyExists, isDeadlineExceeded, isNotFound, isUnavailable } from '../../errdefs/index.js';
import { type CreateTaskResponse, TasksDefinition } from '../../protocol/gen/containerd/services/tasks.js';
import type { GrpcChannel } from '../../protocol/grpc/channel.js';
import { wasSent } from '../../protocol/grpc/service-error.js';
import { taskOptions } from '../objects/runtime-options.js';
import type { TaskCallOptions, TaskCreation, TaskService } from '../objects/task-service.js';

/** containerd's own Tasks service. */
export function remoteTasks(channel: GrpcChannel): TaskService {
  const calls = channel.service(TasksDefinition);
  return {
    ...calls,
    create: (creation, call) => create(calls, creation, call),
    mayHaveCreated: (err) => isDeadlineExceeded(err) || (isUnavailable(err) && wasSent(err)),
  };
}

type Calls = ReturnType<typeof GrpcChannel.prototype.service<TasksDefinition>>;

/**
 * A containerd that was killed in the middle of a create keeps a task that it cannot show and that blocks the id.
 * Deleting it says "not created", and takes the shim and the bundle away all the same.
 */
async function create(
  calls: Calls,
  { container, request, options }: TaskCreation,
  call: TaskCallOptions | undefined,
): Promise<CreateTaskResponse> {
  const packed = taskOptions(container.runtime, container.packedOptions, container.runtimeOptions, options);
  const send = () => calls.create({ ...request, options: packed }, call);
  try {
    return await send();
  } catch (err) {
    if (!isAlreadyExists(err) && !/file exists/.test(errorText(err))) throw err;
    const { containerId } = request;
    const exists = await calls.get({ containerId, execId: '' }).then(
      () => true,
      (cause: unknown) => !isNotFound(cause),
    );
    if (exists) throw err;
    await calls.delete({ containerId }).catch(() => {});
    return send();
  }
}
