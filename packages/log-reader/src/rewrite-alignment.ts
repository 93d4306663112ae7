/**
 * Where a follower of a single file goes on in the file that a rewrite put in its place.
 *
 *     old   … x records r                 r: what was written after the cut of the rewrite, to the old file and to the rewrite buffer
 *     new   base, r, records b, records   b: what only reached the rewrite buffer; then what was written after the switch
 *
 * All of `old` has been told, so the new file goes on behind its `r`. How long `r` is is not written anywhere: it is found by comparing. The
 * first record after a cut is preceded by a SELECT in both files, so only such places can be `x`.
 *
 * Invariant: an answer is `exact` only if nothing else fits: neither another `x`, nor an empty `r`. Who cannot be sure begins anew.
 *
 * Source: Redis 6 aof.c, backgroundRewriteDoneHandler, which forgets the selected database at the cut and at the switch.
 */
import type { DiskFile } from '@aof/disk';
import { fileChunks } from './file-chunks.ts';
import type { FollowedFile } from './followed-file.ts';
import { RdbPart } from './rdb-part.ts';
import { RecordEvents } from './record-events.ts';

export type Alignment =
  /** Of what has not been told yet, in the new file, and the database there. */
  { readonly kind: 'exact'; readonly fileOffset: number; readonly database: number } | { readonly kind: 'ambiguous' };

const AMBIGUOUS: Alignment = { kind: 'ambiguous' };

/** Bytes that are compared before it is given up: a log that repeats itself could take forever. */
const MAX_COMPARED_BYTES = 256 * 1024 * 1024;
const COMPARED_AT_ONCE = 64 * 1024;

/**
 * @param old told to its end
 * @param next what replaced it at once, without another file between them
 * @param cutAtMost the size of `old` at a moment when the rewrite was known to run: its cut was there or before
 */
export async function alignRewrite(old: FollowedFile, next: FollowedFile, cutAtMost: number): Promise<Alignment> {
  const end = old.position.fileOffset;
  const before = await scan(old, await recordsAt(old));
  const baseEnd = await recordsAt(next);
  const after = await scan(next, baseEnd);
  const isRdbBase = baseEnd > 0;
  const cuts = before.starts.filter((at) => at < end && at <= cutAtMost && end - at <= after.end - baseEnd);
  // A base of records does not tell where it ends.
  const places = isRdbBase ? [baseEnd] : after.starts;
  const found = await matches(old.handle, next.handle, { cuts, places, end, limit: after.end });
  if (found === undefined || found.size > 1) return AMBIGUOUS;
  const [only] = found;
  const mayBeEmpty = cutAtMost >= end;
  if (only === undefined) {
    return isRdbBase && mayBeEmpty ? { kind: 'exact', fileOffset: baseEnd, database: 0 } : AMBIGUOUS;
  }
  // Or nothing of it was written to the old file, and only looks like what was.
  return mayBeEmpty ? AMBIGUOUS : { kind: 'exact', fileOffset: only, database: old.position.database };
}

/** Where the records of a file begin; reads the RDB part unless that is known. */
async function recordsAt(followed: FollowedFile): Promise<number> {
  if (followed.recordsAt === undefined) {
    const part = new RdbPart(followed.file, followed.handle, { verifiesRdbChecksum: false });
    for await (const _ of part.events());
    followed.recordsAt = part.recordsAt;
  }
  return followed.recordsAt;
}

interface Scan {
  /** Where units begin that select their database first, annotations before them included. */
  readonly starts: readonly number[];
  /** Behind the last whole unit. */
  readonly end: number;
}

async function scan({ file, handle }: FollowedFile, from: number): Promise<Scan> {
  const records = new RecordEvents({ file, fileOffset: from });
  const starts: number[] = [];
  /** Where the unit begins that the next command may belong to, and whether that command is its first. */
  let [start, isFirst] = [from, true];
  for await (const chunk of fileChunks(handle, from)) {
    records.feed(chunk);
    for (let event = records.next(); event !== undefined; event = records.next()) {
      if (event.kind === 'command') {
        if (isFirst && event.request.is(0, 'select')) starts.push(start);
        isFirst = isFirst && event.request.is(0, 'multi');
      }
      // An annotation begins a unit only if a command does not stand between.
      if (event.kind === 'command' && records.goodEndOffset === event.endOffset)
        [start, isFirst] = [event.endOffset, true];
    }
  }
  return { starts, end: records.goodEndOffset };
}

interface Search {
  readonly cuts: readonly number[];
  readonly places: readonly number[];
  /** Of the old file. */
  readonly end: number;
  /** Of the new file. */
  readonly limit: number;
}

/** Behind which places of the new file everything from a cut to the end of the old one stands; undefined if that takes too long. */
async function matches(
  old: DiskFile,
  next: DiskFile,
  { cuts, places, end, limit }: Search,
): Promise<ReadonlySet<number> | undefined> {
  const found = new Set<number>();
  let compared = 0;
  for (const cut of cuts) {
    const length = end - cut;
    for (const place of places) {
      if (place + length > limit) continue;
      const equal = await equalBytes(old, cut, next, place, length);
      compared += equal + COMPARED_AT_ONCE;
      if (compared > MAX_COMPARED_BYTES) return undefined;
      if (equal === length) found.add(place + length);
    }
  }
  return found;
}

/** How many bytes are equal, of `length`; or fewer, if not all are. */
async function equalBytes(a: DiskFile, aAt: number, b: DiskFile, bAt: number, length: number): Promise<number> {
  const size = Math.min(length, COMPARED_AT_ONCE);
  const [left, right] = [new Uint8Array(size), new Uint8Array(size)];
  for (let at = 0; at < length; at += size) {
    const wanted = Math.min(size, length - at);
    const [leftCount, rightCount] = await Promise.all([
      a.readAsync(left, 0, wanted, aAt + at),
      b.readAsync(right, 0, wanted, bAt + at),
    ]);
    const isEqual = leftCount === wanted && rightCount === wanted;
    if (!isEqual || Buffer.compare(left.subarray(0, wanted), right.subarray(0, wanted)) !== 0) return at;
  }
  return length;
}
