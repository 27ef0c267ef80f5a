import type { Logger } from '../../log/logger.js';
import type { Change } from './change.js';
import type { EntryDecoder } from './entry-decoder.js';
import type { LogEntry } from './log-driver.js';
import type { Segment } from './segment.js';

/** How long an unfinished line is waited for in a follow. */
const REST_DELAY_MS = 100;

/** The files that are read. */
export interface SegmentSource {
  readonly path: string;
  readonly changes: Change;
  /** Of the newest file. */
  readonly generation: number;
  /** Learns of rotations, where somebody else makes them. */
  refresh?(): Promise<void>;
  openAll(): Promise<Segment[]>;
  openGeneration(generation: number): Promise<Segment | undefined>;
}

export interface Place {
  readonly generation: number;
  readonly offset: number;
}

export interface ReadSegmentsOptions {
  readonly tail: number | 'all';
  readonly follow: boolean;
  /** Files that were last written before are not read; milliseconds since 1970. */
  readonly changedSinceMs: number | undefined;
  /** Where to begin, in place of what `tail` and `changedSinceMs` say. */
  readonly from?: ((held: readonly Segment[]) => Place) | undefined;
  /** Whether more may come. */
  readonly isLive: () => boolean;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * The entries of all files in order, in groups: first what is there now, then, for a follow, what is written until
 * nothing lives that could. Memory: one block and the entries of it. Ends without an error when the signal fires.
 */
export async function* readSegments(
  source: SegmentSource,
  decoder: EntryDecoder,
  options: ReadSegmentsOptions,
): AsyncGenerator<LogEntry[]> {
  const { follow, signal, isLive } = options;
  const held = await source.openAll();
  try {
    const newest = held.at(-1);
    const stop = { generation: newest?.generation ?? source.generation, limit: (await newest?.limit()) ?? 0 };
    const { from } = options;
    let { generation, offset } = from === undefined ? await whereToBegin(held, stop, options) : from(held);
    for (const each of [...held]) if (each.generation < generation) await release(held, each);
    while (!signal.aborted) {
      const seen = source.changes.count;
      await source.refresh?.();
      const wasNewest = generation === source.generation;
      const segment = await take(held, source, generation);
      if (segment !== undefined) {
        let limit = await segment.limit();
        if (segment.isMoved) {
          await release(held, segment);
          continue;
        }
        if (!follow && generation === stop.generation) limit = Math.min(limit, stop.limit);
        if (limit < offset) {
          // Somebody has cut the file: what is in it now is new.
          offset = 0;
          decoder.reset();
        }
        decoder.at(segment.changedAtMs);
        try {
          for await (const block of segment.blocks(offset, limit)) {
            offset += block.length;
            const entries = decoder.push(block);
            if (entries.length > 0) yield entries;
            if (signal.aborted) return;
          }
        } catch (err) {
          options.log.warn({ err, path: source.path }, 'read a log file to its end');
        }
        if (segment.isMoved) continue;
      } else if (!wasNewest) {
        options.log.warn({ path: source.path }, 'a part of a log was rotated away before it was read');
        yield decoder.rest();
      }
      if (!wasNewest && (follow || generation < stop.generation)) {
        decoder.endOfFile();
        await release(held, segment);
        generation += 1;
        offset = 0;
      } else if (!follow) {
        break;
      } else if (source.changes.count === seen) {
        if (!isLive()) break;
        await source.changes.after(seen, signal, decoder.hasRest ? REST_DELAY_MS : undefined);
        if (source.changes.count === seen && decoder.hasRest) yield decoder.rest();
      }
    }
    if (!signal.aborted) yield decoder.rest();
  } finally {
    await Promise.all(held.map((each) => each.close()));
  }
}

/** The segment of a generation; what is opened is held till the reader is past it. */
async function take(held: Segment[], source: SegmentSource, generation: number): Promise<Segment | undefined> {
  const found = held.find((each) => each.generation === generation);
  if (found !== undefined) return found;
  const segment = await source.openGeneration(generation);
  if (segment !== undefined) held.push(segment);
  return segment;
}

async function release(held: Segment[], segment: Segment | undefined): Promise<void> {
  if (segment === undefined) return;
  held.splice(held.indexOf(segment), 1);
  await segment.close();
}

async function whereToBegin(
  held: readonly Segment[],
  end: { readonly generation: number; readonly limit: number },
  { tail, changedSinceMs }: ReadSegmentsOptions,
): Promise<Place> {
  const newest = held.at(-1);
  if (newest === undefined) return { generation: end.generation, offset: 0 };
  if (tail === 'all') {
    const first = held.find((each) => changedSinceMs === undefined || each.changedAtMs >= changedSinceMs) ?? newest;
    return { generation: first.generation, offset: 0 };
  }
  let place = { generation: newest.generation, offset: end.limit };
  let missing = tail;
  for (const segment of [...held].reverse()) {
    if (missing <= 0) break;
    const limit = segment === newest ? end.limit : await segment.limit();
    const { offset, lines } = await segment.tail(limit, missing).catch(() => ({ offset: 0, lines: 0 }));
    missing -= lines;
    if (lines > 0) place = { generation: segment.generation, offset };
  }
  return place;
}
