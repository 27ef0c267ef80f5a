import { ConflictError } from '../../../errdefs/index.js';
import { acquireFolderLock, type Lock } from '../../../platform/folder-lock.js';

/** Takes the lock by which one supervisor at a time owns a folder. @throws ConflictError `ERR_SUPERVISOR_BUSY` */
export function acquireSupervisorLock(path: string): Promise<Lock> {
  return acquireFolderLock(path, (pid) => {
    return new ConflictError(`own ${path}: the supervisor in process ${pid} does`, {
      code: 'ERR_SUPERVISOR_BUSY',
      fields: { path, pid },
    });
  });
}
