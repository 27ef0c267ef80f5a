import { InvalidArgumentError } from '../../errdefs/index.js';
import { type Field, integer, list } from './fields.js';

/** Rows and columns. */
export const consoleSize: Field<readonly [height: number, width: number]> = (value, where) => {
  const [height, width, ...more] = list(integer)(value, where);
  if (height === undefined || width === undefined || more.length > 0 || height < 0 || width < 0) {
    throw new InvalidArgumentError(`read ${where}: it must be two numbers, rows and columns`, {
      code: 'ERR_OPTION_INVALID',
      fields: { field: where },
    });
  }
  return [height, width];
};
