import { InvalidArgumentError } from '../../errdefs/index.js';
import { type Field, integer, list, oneOf, optional, record, string, withZero } from '../config/fields.js';
import type { OciSeccomp, OciSeccompArgument } from '../runtime-spec.js';
import type { KernelVersion } from './kernel-version.js';

/** When a rule counts. */
export interface ProfileCondition {
  readonly caps?: readonly string[];
  /** Docker's names: `amd64`, `arm64`... */
  readonly arches?: readonly string[];
  readonly minKernel?: KernelVersion;
}

export interface ProfileRule {
  /** Of the oldest profiles, one name a rule. */
  readonly name?: string;
  readonly names?: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly OciSeccompArgument[];
  readonly includes?: ProfileCondition;
  readonly excludes?: ProfileCondition;
}

/** A profile in Docker's format, of which that of the runtime specification is a part. */
export interface SeccompProfile extends Omit<OciSeccomp, 'defaultAction' | 'syscalls'> {
  readonly defaultAction?: string;
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] }[];
  readonly syscalls?: readonly ProfileRule[];
}

const kernelVersion: Field<KernelVersion | undefined> = (value, where) => {
  const text = string(value, where);
  if (text === '') return undefined;
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  if (major !== undefined && minor !== undefined && Number(major) + Number(minor) > 0) {
    return { major: Number(major), minor: Number(minor) };
  }
  throw invalid(`invalid kernel version: "${text}", expected "<kernel>.<major>"`, where);
};

const action: Field<string> = (value, where) => {
  const text = string(value, where);
  if (/^SCMP_ACT_[A-Z_]+$/.test(text)) return text;
  throw invalid(`read ${where}: ${JSON.stringify(text)} is not an action`, where);
};

/** A larger number would be another one after JSON. */
const operand: Field<number> = (value, where) => {
  const number = integer(value, where);
  if (number >= 0 && Number.isSafeInteger(number)) return number;
  throw invalid(`read ${where}: ${number} is not a number from 0 to 2^53-1`, where);
};

const condition = record<ProfileCondition>({
  caps: optional(list(string)),
  arches: optional(list(string)),
  minKernel: (value, where) => (value === undefined || value === null ? undefined : kernelVersion(value, where)),
});

const argument = record<OciSeccompArgument>({
  index: withZero(operand, 0),
  value: withZero(operand, 0),
  valueTwo: optional(operand),
  op: oneOf([
    'SCMP_CMP_NE',
    'SCMP_CMP_LT',
    'SCMP_CMP_LE',
    'SCMP_CMP_EQ',
    'SCMP_CMP_GE',
    'SCMP_CMP_GT',
    'SCMP_CMP_MASKED_EQ',
  ]),
});

const profile = record<SeccompProfile>({
  defaultAction: optional(string),
  defaultErrnoRet: optional(operand),
  architectures: optional(list(string)),
  archMap: optional(
    list(
      record<{ readonly architecture: string; readonly subArchitectures?: readonly string[] }>({
        architecture: withZero(string, ''),
        subArchitectures: optional(list(string)),
      }),
    ),
  ),
  flags: optional(list(string)),
  listenerPath: optional(string),
  listenerMetadata: optional(string),
  syscalls: optional(
    list(
      record<ProfileRule>({
        name: optional(string),
        names: optional(list(string)),
        action,
        errnoRet: optional(operand),
        args: optional(list(argument)),
        includes: optional(condition),
        excludes: optional(condition),
      }),
    ),
  ),
});

/**
 * @param text the JSON text itself: a client reads the file
 * @throws InvalidArgumentError `ERR_OPTION_INVALID`
 */
export function parseProfile(text: string): SeccompProfile {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError('Decoding seccomp profile failed', {
      code: 'ERR_OPTION_INVALID',
      cause: error,
      fields: { field: 'SecurityOpt' },
    });
  }
  return profile(document, 'seccomp profile');
}

function invalid(message: string, field: string): InvalidArgumentError {
  return new InvalidArgumentError(message, { code: 'ERR_OPTION_INVALID', fields: { field } });
}
