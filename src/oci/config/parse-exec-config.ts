import { commandLine } from './command-line.js';
import { boolean, type Field, list, optional, record, string, withZero } from './fields.js';
import type { ExecConfig } from './host-config.js';
import { consoleSize } from './parse-console-size.js';

const execConfig: Field<ExecConfig> = record<ExecConfig>({
  AttachStdin: optional(boolean),
  AttachStdout: optional(boolean),
  AttachStderr: optional(boolean),
  DetachKeys: optional(string),
  Tty: optional(boolean),
  ConsoleSize: optional(consoleSize),
  Env: optional(list(string)),
  Cmd: withZero(commandLine, []),
  Privileged: optional(boolean),
  User: optional(string),
  WorkingDir: optional(string),
});

/**
 * As `parseContainerConfig`, for an exec. An absent command is `[]`, which `execProcess` refuses.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` naming the field that is of a wrong type
 */
export function parseExecConfig(value: unknown): ExecConfig {
  return execConfig(value, '');
}
