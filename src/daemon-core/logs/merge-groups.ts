/**
 * What several give, as it comes; none waits for another. Giving it up gives all of them up.
 * @param stop makes those that wait end
 */
export async function* mergeGroups<T>(sources: readonly AsyncGenerator<T>[], stop: () => void): AsyncGenerator<T> {
  const ask = async (source: AsyncGenerator<T>) => ({ source, result: await source.next() });
  const asked = new Map(sources.map((source) => [source, ask(source)]));
  try {
    while (asked.size > 0) {
      const { source, result } = await Promise.race(asked.values());
      if (result.done === true) {
        asked.delete(source);
        continue;
      }
      yield result.value;
      // In last place, so that a source that never ends is not preferred.
      asked.delete(source);
      asked.set(source, ask(source));
    }
  } finally {
    // A generator that waits hears of its end only when it is woken.
    stop();
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
    await Promise.allSettled(asked.values());
  }
}
