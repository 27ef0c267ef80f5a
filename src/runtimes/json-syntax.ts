const SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;

/** A place in a text, both counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Where a text stops being JSON; `undefined` when it is JSON. What `JSON.parse` says of it differs from one version of Node
 * to the next, and often has no place.
 */
export function jsonErrorAt(text: string): TextPosition | undefined {
  const offset = errorOffset(text);
  if (offset === undefined) return undefined;
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or end';

function errorOffset(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = skip(SPACE, text, 0) ?? 0;
  for (; at < text.length; at = skip(SPACE, text, at) ?? at) {
    const character = text[at];
    if (expected === 'comma or end') {
      const inside = open.at(-1);
      if (inside === undefined) return at;
      if (character === ',') expected = inside === '{' ? 'name' : 'value';
      else if (character === (inside === '{' ? '}' : ']')) open.pop();
      else return at;
      at += 1;
    } else if (expected === 'colon') {
      if (character !== ':') return at;
      expected = 'value';
      at += 1;
    } else if ((expected === 'name or }' && character === '}') || (expected === 'value or ]' && character === ']')) {
      open.pop();
      expected = 'comma or end';
      at += 1;
    } else if (expected === 'name' || expected === 'name or }') {
      const end = skip(STRING, text, at);
      if (end === undefined) return at;
      expected = 'colon';
      at = end;
    } else if (character === '{' || character === '[') {
      open.push(character);
      expected = character === '{' ? 'name or }' : 'value or ]';
      at += 1;
    } else {
      const end = skip(STRING, text, at) ?? skip(SCALAR, text, at);
      if (end === undefined) return at;
      expected = 'comma or end';
      at = end;
    }
  }
  return open.length === 0 && expected === 'comma or end' ? undefined : at;
}

/** The offset after what the sticky expression takes at an offset; `undefined` when it takes nothing. */
function skip(expression: RegExp, text: string, at: number): number | undefined {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : undefined;
}
