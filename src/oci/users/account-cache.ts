import { LRUCache } from 'lru-cache';
import { withRootfsFile } from './read-in-rootfs.js';
import type { RootfsView } from './rootfs-view.js';

/** Far above what a file of accounts has, and nothing that hurts when an image is hostile. */
const LIMIT_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 128;
/** Of the texts that were read. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Keeps what was read of small files, by which file it is: many containers share the files of one image. */
export class AccountCache<Entry> {
  readonly #parse: (line: string) => Entry | undefined;
  readonly #files = new LRUCache<string, readonly Entry[]>({ max: MAX_FILES, maxSize: MAX_BYTES });

  /** @param parse one line without its white space at both ends; undefined when it says nothing */
  constructor(parse: (line: string) => Entry | undefined) {
    this.#parse = parse;
  }

  /**
   * The entries in the order of the file; none when it is not there.
   * @throws InvalidArgumentError when it is not a regular file, is larger than 4 MiB, or its links loop
   */
  async read(view: RootfsView, path: string): Promise<readonly Entry[]> {
    const entries = await withRootfsFile(view, path, LIMIT_BYTES, async ({ identity, read }) => {
      const known = this.#files.get(identity);
      if (known !== undefined) return known;
      const text = await read();
      const fresh = this.#entriesOf(text.toString('utf8'));
      this.#files.set(identity, fresh, { size: text.length + 1 });
      return fresh;
    });
    return entries ?? [];
  }

  #entriesOf(text: string): Entry[] {
    return text.split('\n').flatMap((line) => {
      const entry = this.#parse(line.trim());
      return entry === undefined ? [] : [entry];
    });
  }
}
