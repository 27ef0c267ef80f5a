/** Series of one family, made when their labels are first met: what is observed often is not looked up by name each time. */
export class BoundSeries<T> {
  readonly #byValues = new Map<string, T>();
  readonly #bind: (values: readonly string[]) => T;

  constructor(bind: (values: readonly string[]) => T) {
    this.#bind = bind;
  }

  /** @param values of the labels, in the order of their names */
  of(...values: readonly string[]): T {
    const key = values.join('\0');
    let series = this.#byValues.get(key);
    if (series === undefined) {
      series = this.#bind(values);
      this.#byValues.set(key, series);
    }
    return series;
  }
}
