/** What an expression asks for: a metric, and the labels by which it selects or groups. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

const TOKEN =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w]))|(?<name>[a-zA-Z_:][\w:]*)|(?<range>\[\w+\])|(?<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){},]))/y;
const BINARY = new Set(['+', '-', '*', '/', '%', '^', '<', '>', '==', '!=', '<=', '>=', 'and', 'or', 'unless']);
const AGGREGATIONS = new Set(['sum', 'avg', 'min', 'max', 'count']);
const FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['rate', 1],
  ['increase', 1],
  ['histogram_quantile', 2],
]);
const OF_RANGES = new Set(['rate', 'increase']);
const MATCHERS = new Set(['=', '!=', '=~', '!~']);

/**
 * Reads the part of PromQL that a dashboard needs: selectors, ranges, aggregations by labels, operators, and a few functions.
 * @throws Error for all else; also for a rate of no range, and a range that nothing takes
 */
export function parsePromql(expression: string): Selector[] {
  return new Parser(tokensOf(expression), expression).parse();
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (expression.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(expression);
    if (token === null) throw new Error(`no token at ${at} of ${expression}`);
    tokens.push(token[0].trim());
  }
  return tokens;
}

interface Operand {
  readonly selectors: readonly Selector[];
  readonly isRange: boolean;
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #expression: string;
  #at = 0;

  constructor(tokens: readonly string[], expression: string) {
    this.#tokens = tokens;
    this.#expression = expression;
  }

  parse(): Selector[] {
    const { selectors, isRange } = this.#binary();
    if (this.#at < this.#tokens.length || isRange) this.#fail();
    return [...selectors];
  }

  #binary(): Operand {
    let left = this.#operand();
    while (BINARY.has(this.#peek())) {
      this.#next();
      const right = this.#operand();
      if (left.isRange || right.isRange) this.#fail();
      left = { selectors: [...left.selectors, ...right.selectors], isRange: false };
    }
    return left;
  }

  #operand(): Operand {
    const token = this.#next();
    if (/^\d/.test(token)) return { selectors: [], isRange: false };
    if (token === '(') {
      const inner = this.#binary();
      this.#expect(')');
      return inner;
    }
    if (!/^[a-zA-Z_:]/.test(token)) this.#fail();
    if (AGGREGATIONS.has(token)) return this.#aggregation();
    if (this.#peek() === '(') return this.#call(token);
    return this.#selector(token);
  }

  #aggregation(): Operand {
    const by = this.#peek() === 'by' ? this.#labels() : [];
    this.#expect('(');
    const { selectors, isRange } = this.#binary();
    this.#expect(')');
    if (isRange) this.#fail();
    return { selectors: selectors.map(({ metric, labels }) => ({ metric, labels: [...labels, ...by] })), isRange };
  }

  #call(name: string): Operand {
    const count = FUNCTIONS.get(name);
    this.#expect('(');
    const operands = [this.#binary()];
    while (this.#peek() === ',') {
      this.#next();
      operands.push(this.#binary());
    }
    this.#expect(')');
    if (operands.length !== count || operands.some(({ isRange }) => isRange !== OF_RANGES.has(name))) this.#fail();
    return { selectors: operands.flatMap(({ selectors }) => selectors), isRange: false };
  }

  #selector(metric: string): Operand {
    const labels: string[] = [];
    if (this.#peek() === '{') {
      do {
        this.#next();
        labels.push(this.#next());
        if (!MATCHERS.has(this.#next()) || !this.#next().startsWith('"')) this.#fail();
      } while (this.#peek() === ',');
      this.#expect('}');
    }
    const isRange = this.#peek().startsWith('[');
    if (isRange) this.#next();
    return { selectors: [{ metric, labels }], isRange };
  }

  #labels(): string[] {
    const labels: string[] = [];
    this.#expect('by');
    this.#expect('(');
    labels.push(this.#next());
    while (this.#peek() === ',') {
      this.#next();
      labels.push(this.#next());
    }
    this.#expect(')');
    return labels;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    const token = this.#peek();
    if (token === '') this.#fail();
    this.#at++;
    return token;
  }

  #expect(token: string): void {
    if (this.#next() !== token) this.#fail();
  }

  #fail(): never {
    throw new Error(`${this.#expression}: cannot be at ${this.#tokens.slice(this.#at - 1).join(' ')}`);
  }
}
