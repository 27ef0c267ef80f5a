import { isAbsolute } from 'node:path';
import { NotFoundError } from '../errdefs/index.js';

/**
 * Refuses what containerd cannot make the name of a shim binary of (core/runtime/v2 `BinaryName`): a runtime is a name of
 * two or more parts with dots between them, or the absolute path of a shim.
 * @throws NotFoundError `ERR_RUNTIME_NOT_FOUND`
 */
export function assertRuntimeName(runtime: string): void {
  if (isAbsolute(runtime)) return;
  const parts = runtime.split('.');
  if (parts.length >= 2 && parts[0] !== '' && !/[/\\\0]/.test(runtime)) return;
  throw new NotFoundError(
    `use runtime ${JSON.stringify(runtime)}: it is neither a name such as io.containerd.runc.v2 nor the absolute path of a shim`,
    { code: 'ERR_RUNTIME_NOT_FOUND', fields: { runtime } },
  );
}
