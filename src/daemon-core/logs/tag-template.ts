import { hostname } from 'node:os';
import { InvalidArgumentError } from '../../errdefs/index.js';
import type { LogSubject } from './log-subject.js';

const SHORT_ID = 12;

const FIELDS: Readonly<Record<string, (subject: LogSubject) => string>> = {
  ID: ({ id }) => short(id),
  FullID: ({ id }) => id,
  ContainerID: ({ id }) => id,
  Name: ({ name = '' }) => name,
  ContainerName: ({ name = '' }) => `/${name}`,
  ImageID: ({ imageId = '' }) => short(imageId),
  ImageFullID: ({ imageId = '' }) => imageId,
  ContainerImageID: ({ imageId = '' }) => imageId,
  ImageName: ({ imageName = '' }) => imageName,
  ContainerImageName: ({ imageName = '' }) => imageName,
  Command: ({ command = [] }) => command.join(' '),
  Hostname: () => hostname(),
  DaemonName: () => 'docker',
};

/**
 * The log option `tag`: text with fields such as `{{.Name}}` (moby `daemon/logger/loggerutils/log_tag.go`). Functions and
 * conditions of Go's templates are not known.
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for anything else between braces
 */
export function expandTag(template: string, subject: LogSubject): string {
  const text = template.replace(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (whole, name: string) => {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (field === undefined) throw invalid(whole);
    // What a field holds is no template: braces in it stay.
    return field(subject).replaceAll('{{', '{\u0000{');
  });
  const rest = /\{\{.*/.exec(text);
  if (rest !== null) throw invalid(rest[0]);
  return text.replaceAll('{\u0000{', '{{');
}

/** The digest's algorithm is no part of a short id. */
function short(id: string): string {
  return id.slice(id.indexOf(':') + 1).slice(0, SHORT_ID);
}

function invalid(part: string): InvalidArgumentError {
  return new InvalidArgumentError(`log tag: no such field: ${part}`, { code: 'ERR_OPTION_INVALID' });
}
