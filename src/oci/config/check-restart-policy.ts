import type { RestartPolicy } from './host-config.js';
import { refuseOption } from './refuse-option.js';

/**
 * For create and update alike. An empty name takes any count: old clients send that.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` in the words of moby `ValidateRestartPolicy`
 */
export function checkRestartPolicy({ Name: name, MaximumRetryCount: count = 0 }: RestartPolicy): void {
  if (name === '') return;
  if (name === 'on-failure') {
    if (count < 0) {
      refuseOption('invalid restart policy: maximum retry count cannot be negative', 'RestartPolicy.MaximumRetryCount');
    }
  } else if (count !== 0) {
    const negative = count < 0 ? ' and cannot be negative' : '';
    refuseOption(
      `invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`,
      'RestartPolicy.MaximumRetryCount',
    );
  }
}
