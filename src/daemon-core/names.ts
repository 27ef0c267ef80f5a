import { randomInt } from 'node:crypto';
import { ConflictError, InvalidArgumentError, NotFoundError } from '../errdefs/index.js';
import { ADJECTIVES, NOUNS } from './name-words.js';

const ALLOWED = '[a-zA-Z0-9][a-zA-Z0-9_.-]';
const PATTERN = new RegExp(`^${ALLOWED}+$`);
const RANDOM_TRIES = 6;
const SHORT_ID = 12;

/**
 * The ids and names of an engine's containers. A container is in it from `reserve` to `release`, and has one name, kept
 * without the slash that Docker's API puts before it. Error texts are dockerd's, since clients show and match them.
 */
export class NameRegistry {
  readonly #nameOf = new Map<string, string>();
  readonly #idOf = new Map<string, string>();

  /**
   * Gives the container a name, with or without a slash before it. The same again does nothing.
   * @param name @default two words made up; the short id when chance does not find a free pair
   * @returns the name without a slash
   * @throws InvalidArgumentError for a name that Docker does not take; ConflictError `ERR_CONTAINER_EXISTS` when
   * another container has it, or this one has another name
   */
  reserve(id: string, name?: string): string {
    const plain = name === undefined || name === '' ? this.#makeUp(id) : checkName(name);
    this.#assertFree(plain, id);
    const present = this.#nameOf.get(id);
    if (present !== undefined && present !== plain) {
      throw new ConflictError(`reserve the name ${plain}: container ${id} is called ${present}`, {
        code: 'ERR_CONTAINER_EXISTS',
        fields: { containerId: id },
      });
    }
    this.#set(id, plain);
    return plain;
  }

  /**
   * Gives the container another name; the old one is free at once.
   * @returns the old name
   * @throws InvalidArgumentError for an empty, wrong or unchanged name; ConflictError when another container has it;
   * NotFoundError when no container has the id
   */
  rename(id: string, name: string): string {
    const old = this.#nameOf.get(id);
    if (old === undefined) throw notFound(id);
    const wanted = name.trim();
    if (withoutSlash(wanted) === '') throw new InvalidArgumentError('Neither old nor new names may be empty');
    if (withoutSlash(wanted) === old) {
      throw new InvalidArgumentError('Renaming a container with the same name as its current name');
    }
    const plain = this.#allocate(wanted, id);
    this.#idOf.delete(old);
    this.#set(id, plain);
    return old;
  }

  /** Forgets the container and its name. Does nothing when it is not known. */
  release(id: string): void {
    const name = this.#nameOf.get(id);
    if (name !== undefined) this.#idOf.delete(name);
    this.#nameOf.delete(id);
  }

  nameOf(id: string): string | undefined {
    return this.#nameOf.get(id);
  }

  /**
   * Finds a container by its whole id, its name, or the beginning of its id, in this order (moby `GetContainer`).
   * @returns its id
   * @throws NotFoundError `ERR_CONTAINER_NOT_FOUND`; InvalidArgumentError for '' and for a beginning that several have
   */
  resolve(ref: string): string {
    if (ref === '') throw new InvalidArgumentError('invalid name or ID supplied: ""');
    if (this.#nameOf.has(ref)) return ref;
    const named = this.#idOf.get(withoutSlash(ref));
    if (named !== undefined) return named;
    let found: string | undefined;
    for (const id of this.#nameOf.keys()) {
      if (!id.startsWith(ref)) continue;
      if (found !== undefined) throw new InvalidArgumentError(`multiple IDs found with provided prefix: ${ref}`);
      found = id;
    }
    if (found === undefined) throw notFound(ref);
    return found;
  }

  #makeUp(id: string): string {
    for (let attempt = 0; attempt < RANDOM_TRIES; attempt++) {
      const name = randomName(attempt);
      if (!this.#idOf.has(name)) return name;
    }
    return id.slice(0, SHORT_ID);
  }

  #allocate(name: string, id: string): string {
    try {
      const plain = checkName(name);
      this.#assertFree(plain, id);
      return plain;
    } catch (cause) {
      const message = 'Error when allocating new name';
      if (cause instanceof ConflictError) throw new ConflictError(message, { code: 'ERR_CONTAINER_EXISTS', cause });
      throw new InvalidArgumentError(message, { cause });
    }
  }

  #assertFree(name: string, id: string): void {
    const holder = this.#idOf.get(name);
    if (holder === undefined || holder === id) return;
    throw new ConflictError(
      `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
      { code: 'ERR_CONTAINER_EXISTS', fields: { containerId: holder } },
    );
  }

  #set(id: string, name: string): void {
    this.#nameOf.set(id, name);
    this.#idOf.set(name, id);
  }
}

function checkName(name: string): string {
  const plain = withoutSlash(name);
  if (PATTERN.test(plain)) return plain;
  throw new InvalidArgumentError(`Invalid container name (${name}), only ${ALLOWED} are allowed`);
}

function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}

function notFound(ref: string): NotFoundError {
  return new NotFoundError(`No such container: ${ref}`, {
    code: 'ERR_CONTAINER_NOT_FOUND',
    fields: { containerId: ref },
  });
}

/** After the first try with a digit, when many names are taken. */
function randomName(attempt: number): string {
  const words = `${pick(ADJECTIVES)}_${pick(NOUNS)}`;
  return attempt === 0 ? words : `${words}${randomInt(10)}`;
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
