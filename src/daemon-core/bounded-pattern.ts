import { type Context, createContext, Script } from 'node:vm';

/** For one container's name: far more than any honest pattern takes. */
const MATCH_MS = 50;
const LENGTH_MAX = 1_024;
/** Neither repeats nor refers back, so it takes time in proportion to the text. */
const PLAIN = /^\^?(?:[\w /:@=-]|\.(?![*+?{])|\\\.)*\$?$/;

/**
 * A regular expression of a client. Go's take linear time; ours can take for ever (`(a+)+$`), which would hold up the whole
 * engine, so that one which repeats is broken off after 50 ms and then counts as not found, from then on.
 */
export class BoundedPattern {
  readonly #regexp: RegExp | undefined;
  readonly #isPlain: boolean;
  #hasRunAway = false;

  constructor(source: string) {
    this.#regexp = compile(source);
    this.#isPlain = PLAIN.test(source);
  }

  /** Whether it is found anywhere in the text. False for what is no regular expression, as with dockerd. */
  isIn(text: string): boolean {
    if (this.#regexp === undefined || this.#hasRunAway) return false;
    if (this.#isPlain) return this.#regexp.test(text);
    try {
      return testWithin(this.#regexp, text);
    } catch {
      this.#hasRunAway = true;
      return false;
    }
  }
}

const IGNORE_CASE = '(?i)';

function compile(source: string): RegExp | undefined {
  if (source.length > LENGTH_MAX) return undefined;
  try {
    // Of Go's flags only this one is in use.
    return source.startsWith(IGNORE_CASE) ? new RegExp(source.slice(IGNORE_CASE.length), 'i') : new RegExp(source);
  } catch {
    return undefined;
  }
}

const question: { regexp: RegExp | undefined; text: string } = { regexp: undefined, text: '' };
let script: Script | undefined;
let context: Context | undefined;

/** V8 can break off a match only when it runs a script with a time limit. */
function testWithin(regexp: RegExp, text: string): boolean {
  script ??= new Script('question.regexp.test(question.text)');
  context ??= createContext({ question });
  question.regexp = regexp;
  question.text = text;
  return script.runInContext(context, { timeout: MATCH_MS }) === true;
}
