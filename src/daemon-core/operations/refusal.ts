import { createError, type EngineError, errorText, toEngineError } from '../../errdefs/index.js';

/**
 * An error as dockerd tells it of an operation: class, code and fields stay, and the message says which operation did not come
 * about, and why, since clients of Docker match on the whole text.
 * @param what in dockerd's words, such as `Cannot kill container: ID`
 */
export function refusal(what: string, err: unknown): EngineError {
  const { errorClass, code, fields } = toEngineError(err);
  return createError(errorClass, `${what}: ${errorText(err)}`, { code, cause: err, fields });
}
