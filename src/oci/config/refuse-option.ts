import { InvalidArgumentError } from '../../errdefs/index.js';

/** The message is Docker's where Docker has one, letter for letter: clients and tests of clients compare it. */
export function refuseOption(message: string, field: string): never {
  throw new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field } });
}
