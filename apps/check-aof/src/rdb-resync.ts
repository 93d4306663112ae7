/**
 * Finds where an RDB part can be read again behind damage: from a place from which keys follow one another to the end of the part.
 *
 * Nothing marks where a key begins, and reading finds back to the keys even from a wrong place, after a few that never were. How
 * many there must be the part has said: what is too many at the beginning is left out. It guesses all the same: for salvage.
 */
import type { DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { END, ENTRY, NEED_MORE, type RdbEntry, RdbReader, type ReadStatus } from '@aof/rdb';

/** Where and how reading goes on. */
export interface RdbResumption {
  /** Of the first key, with what stands before it. */
  readonly offset: number;
  readonly database: number;
  /** Keys from there on, and how many the part promises in the databases that begin there. */
  readonly keys: number;
  readonly promisedBehind: number;
  readonly firstKey: string | undefined;
  /** Behind the part. */
  readonly endOffset: number;
  /** As many keys of this database as were expected can be read. */
  readonly isComplete: boolean;
}

export interface ResyncOptions {
  /** The first byte that may begin a key. */
  readonly from: number;
  readonly database: number;
  /** Keys that are to come in this database behind the damaged one; undefined if the part does not say. */
  readonly expectedKeys: number | undefined;
  /** A beginning is looked for before this offset. Default: as far as `SEARCH_BYTES` go. */
  readonly until?: number;
  /** Whether one from which not all expected keys follow is passed over. Default: no. */
  readonly wantsAll?: boolean;
}

/** So far behind the damage a beginning is looked for. */
const SEARCH_BYTES = 1024 * 1024;
/** So much is read of each candidate before it is read to the end. */
const SAMPLE_BYTES = 16 * 1024;
/** So many candidates are read to the end, each of which may cost as much as a check. */
const MAX_CHAINS = 1000;
const HEADER_BYTES = 9;
const SELECT = 254;
/** Lower opcodes stand nowhere in a part that older servers wrote, and higher types do not exist. */
const LAST_TYPE = 32;
const FIRST_OPCODE = 242;
const RECORD = /^(\*\d|#)/;

/** @throws DiskError */
export async function resumptionOf(file: DiskFile, options: ResyncOptions): Promise<RdbResumption | undefined> {
  const { from, until = Number.POSITIVE_INFINITY, wantsAll = false } = options;
  const bytes = Buffer.alloc(Math.min(SEARCH_BYTES + SAMPLE_BYTES, Math.max(0, file.size() - from)));
  const length = file.read(bytes, 0, bytes.length, from);
  const prefix = prefixOf(file, options.database);
  let chains = 0;
  for (let i = 0; i < Math.min(SEARCH_BYTES, length, until - from); i++) {
    const byte = bytes[i] ?? 0;
    if (byte > LAST_TYPE && byte < FIRST_OPCODE) continue;
    const sample = bytes.subarray(i, Math.min(i + SAMPLE_BYTES, length));
    if (!isPlausible(file, from + i, prefix, sample)) continue;
    const found = await chainFrom(file, from + i, options);
    if (found !== undefined && (found.isComplete || !wantsAll)) return found;
    if (++chains >= MAX_CHAINS) return undefined;
  }
  return undefined;
}

/** The entries from `offset` on, those of the prefix left out. @throws DiskError */
export async function* entriesFrom(
  file: DiskFile,
  { offset, database }: { readonly offset: number; readonly database: number },
  partElements = Number.POSITIVE_INFINITY,
): AsyncGenerator<RdbEntry, RdbReader, void> {
  const prefix = prefixOf(file, database);
  const reader = new RdbReader({
    fileOffset: offset - prefix.length,
    verifiesChecksum: false,
    findsDuplicates: true,
    partElements,
  });
  const entries = function* (): Generator<RdbEntry, ReadStatus, void> {
    for (;;) {
      const status = reader.next();
      if (status !== ENTRY) return status;
      const { entry } = reader;
      if (entry !== undefined && entry.fileOffset >= offset) yield entry;
    }
  };
  reader.feed(prefix);
  let status = yield* entries();
  if (status !== NEED_MORE) return reader;
  for await (const chunk of fileChunks(file, offset)) {
    reader.feed(chunk);
    status = yield* entries();
    if (status !== NEED_MORE) return reader;
  }
  reader.end();
  yield* entries();
  return reader;
}

/** A header of the same version, and the database. */
function prefixOf(file: DiskFile, database: number): Buffer {
  const prefix = Buffer.alloc(HEADER_BYTES + 6);
  file.read(prefix, 0, HEADER_BYTES, 0);
  prefix[HEADER_BYTES] = SELECT;
  // A length of 32 bits, whatever the number.
  prefix[HEADER_BYTES + 1] = 0x80;
  prefix.writeUInt32BE(database, HEADER_BYTES + 2);
  return prefix;
}

/** Whether what a sample begins with may be keys: no key is there twice, as it would be many times in zero bytes. */
function isPlausible(file: DiskFile, offset: number, prefix: Buffer, sample: Uint8Array): boolean {
  const keys = new Set<string>();
  const reader = new RdbReader({ fileOffset: offset - prefix.length, verifiesChecksum: false, partElements: 1024 });
  reader.feed(prefix);
  while (reader.next() === ENTRY);
  if (reader.error !== undefined) return false;
  reader.feed(sample);
  for (;;) {
    const status = reader.next();
    if (status === END) return isEnd(file, reader.endOffset);
    // At the end of the file nothing more comes.
    if (status === NEED_MORE) return offset + sample.length < file.size();
    if (status !== ENTRY) return false;
    const { entry } = reader;
    if (entry?.kind !== 'key' || entry.part > 0) continue;
    const place = `${entry.database}/${entry.key}`;
    if (keys.has(place)) return false;
    keys.add(place);
  }
}

/** Reads to the end of the part. Undefined: there is none that begins so. */
async function chainFrom(
  file: DiskFile,
  offset: number,
  { database, expectedKeys }: ResyncOptions,
): Promise<RdbResumption | undefined> {
  const entries = entriesFrom(file, { offset, database }, 1024);
  /** The first keys of this database. */
  const first: { readonly offset: number; readonly key: string }[] = [];
  const counts = { here: 0, behind: 0, promised: 0 };
  let isHere = true;
  for (;;) {
    const { value, done } = await entries.next();
    if (done) {
      const { error, endOffset } = value;
      if (error !== undefined || !isEnd(file, endOffset)) return undefined;
      return chosen(first, counts, { offset, database, expectedKeys, endOffset });
    }
    if (value.kind === 'select') isHere = false;
    if (value.kind === 'resize') counts.promised += value.keys;
    if (value.kind !== 'key' || value.part > 0) continue;
    if (isHere) counts.here++;
    else counts.behind++;
    if (isHere && first.length < MAX_EXCESS) first.push({ offset: value.fileOffset, key: value.key });
  }
}

/** More keys than this were never read from a wrong place before the right ones. */
const MAX_EXCESS = 1000;

function isEnd(file: DiskFile, offset: number): boolean {
  if (offset === file.size()) return true;
  const next = Buffer.alloc(2);
  file.read(next, 0, 2, offset);
  return RECORD.test(next.toString('latin1'));
}

/** Leaves out what is too many at the beginning. */
function chosen(
  first: readonly { readonly offset: number; readonly key: string }[],
  counts: { readonly here: number; readonly behind: number; readonly promised: number },
  {
    offset,
    database,
    expectedKeys,
    endOffset,
  }: {
    readonly offset: number;
    readonly database: number;
    readonly expectedKeys: number | undefined;
    readonly endOffset: number;
  },
): RdbResumption | undefined {
  const excess = Math.max(0, counts.here - (expectedKeys ?? counts.here));
  const keys = counts.here - excess + counts.behind;
  const isComplete = expectedKeys !== undefined && counts.here >= expectedKeys;
  const rest = { database, keys, promisedBehind: counts.promised, endOffset, isComplete };
  if (excess === 0) return { ...rest, offset, firstKey: first[0]?.key };
  const begin = first[excess];
  return begin && { ...rest, offset: begin.offset, firstKey: begin.key };
}
