/** Cuts a stream of text into lines. */
export class LineSplitter {
  readonly #maxLength: number;
  #rest = '';

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The lines that are complete now; `undefined` when one is too long, and nothing more can be made of the stream. */
  push(text: string): string[] | undefined {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const isTooLong = this.#rest.length > this.#maxLength || lines.some((line) => line.length > this.#maxLength);
    return isTooLong ? undefined : lines;
  }
}
