import { InvalidArgumentError } from '../../errdefs/index.js';
import type { LogSubject } from './log-subject.js';
import { expandTag } from './tag-template.js';

/**
 * What the options `labels`, `labels-regex`, `env`, `env-regex` and `tag` add to each entry, sorted by name. Of equal
 * names env wins over labels and the tag over all (moby `daemon/logger/loginfo.go`).
 * @throws InvalidArgumentError `ERR_OPTION_INVALID` for a pattern or a template that cannot be read
 */
export function logAttributes(
  config: Readonly<Record<string, string>>,
  subject: LogSubject,
): Readonly<Record<string, string>> {
  const env = new Map<string, string>();
  for (const each of subject.env ?? []) {
    const at = each.indexOf('=');
    if (at >= 0) env.set(each.slice(0, at), each.slice(at + 1));
  }
  const attributes = new Map([
    ...chosen(new Map(Object.entries(subject.labels ?? {})), config.labels, config['labels-regex']),
    ...chosen(env, config.env, config['env-regex']),
  ]);
  const tag = expandTag(config.tag ?? '', subject);
  if (tag !== '') attributes.set('tag', tag);
  return Object.fromEntries([...attributes].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function chosen(from: ReadonlyMap<string, string>, names = '', pattern = ''): [string, string][] {
  const named = new Set(names === '' ? [] : names.split(','));
  const regex = pattern === '' ? undefined : compile(pattern);
  return [...from].filter(([name]) => named.has(name) || regex?.test(name) === true);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (cause) {
    throw new InvalidArgumentError(`error parsing regexp: ${pattern}`, { code: 'ERR_OPTION_INVALID', cause });
  }
}
