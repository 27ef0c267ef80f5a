/** An object of a JSON document. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The fields of an object by their proper names, whatever the case they are written in, as Go reads JSON and TOML. `null`
 * counts as absent.
 * @param names all that may be there
 * @param refuse makes the error for a field that may not be there, or is there twice
 */
export function foldFields<N extends string>(
  object: JsonObject,
  names: readonly N[],
  refuse: (why: string) => Error,
): ReadonlyMap<N, unknown> {
  const fields = new Map<N, unknown>();
  for (const [given, value] of Object.entries(object)) {
    const name = names.find((each) => each.toLowerCase() === given.toLowerCase());
    if (name === undefined) throw refuse(`${JSON.stringify(given)} is unknown (known are ${names.join(', ')})`);
    if (fields.has(name)) throw refuse(`${JSON.stringify(name)} is given twice`);
    fields.set(name, value);
  }
  for (const [name, value] of fields) if (value === null) fields.delete(name);
  return fields;
}
