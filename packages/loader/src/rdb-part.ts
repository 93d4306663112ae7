/**
 * The RDB part that a file may begin with: read chunk by chunk, its entries given to the applier as they come.
 *
 * Invariants: memory is bounded by one chunk, the longest string and one part of a collection; nothing on disk changes; an
 * RDB part that is cut off is refused like one that is damaged, for without its end nothing vouches for it.
 *
 * Source: Redis aof.c, loadSingleAppendOnlyFile; Redis rdb.c, rdbLoadRio.
 */
import type { AofFile } from '@aof/aof-files';
import {
  ENTRY,
  type KeyForeseer,
  NEED_MORE,
  type PackedTaker,
  RdbError,
  RdbReader,
  type RdbResizeEntry,
  STRINGS,
  type StringTaker,
} from '@aof/rdb';
import { LoadError } from './load-error.ts';
import type { EntryApplier, StringApplier } from './load-log.ts';

const MAGICS = ['REDIS', 'VALKEY'].map((magic) => Buffer.from(magic));
/** Bytes that `beginsWithRdbPart` needs to see. */
export const MAGIC_BYTES = Math.max(...MAGICS.map(({ length }) => length));

/** Collections come in parts of about so many elements, so that a large one does not hold up others. */
const PART_ELEMENTS = 1024;
/** After this many entries others may run. */
const ENTRIES_PER_TURN = 4096;
/** For so many count the strings that the reader gives at once, at most 1024, which take less time than other entries. */
const ENTRIES_PER_RUN = 512;

/**
 * So many keys are believed to come as there are times so many bytes left in the file: room that is made for them by a false claim
 * takes no more memory than the file takes on disk.
 */
const BYTES_PER_CLAIMED_KEY = 16;

/** @param head the first bytes of a file, MAGIC_BYTES of them if it has as many */
export function beginsWithRdbPart(head: Uint8Array): boolean {
  return MAGICS.some((magic) => magic.compare(head.subarray(0, magic.length)) === 0);
}

/** What reading entries takes, and how its failures are told. */
export interface RdbEntriesOptions {
  readonly applyEntry: EntryApplier;
  readonly applyString?: StringApplier | undefined;
  readonly foreseeKey?: KeyForeseer | undefined;
  readonly takePacked?: PackedTaker | undefined;
  /** Longest string, bytes. Default: 512 MiB. */
  readonly maxBulkBytes?: number | undefined;
  /** `rdbchecksum`. Default: true. */
  readonly verifiesRdbChecksum?: boolean;
  /** Reads at a file offset; resolves with the bytes read, 0 at the end of the file. */
  readonly read: (buffer: Uint8Array, fileOffset: number) => Promise<number>;
  readonly progress: (fileOffset: number) => void;
  readonly yieldTurn: () => Promise<void>;
  readonly chunkBytes: number;
  /** Length of the file. */
  readonly totalBytes: number;
  readonly damaged: (cause: RdbError) => LoadError;
  readonly refused: (refusal: string, fileOffset: number) => LoadError;
}

/** Applies the entries of an RDB part or file. @returns the file offset behind it @throws LoadError as the options make it */
export async function loadRdbEntries(options: RdbEntriesOptions): Promise<number> {
  const { maxBulkBytes, verifiesRdbChecksum, yieldTurn, progress } = options;
  const reader = new RdbReader({
    partElements: PART_ELEMENTS,
    verifiesChecksum: verifiesRdbChecksum ?? true,
    takeString: takerOf(options),
    foreseeKey: options.foreseeKey,
    takePacked: options.takePacked,
    ...(maxBulkBytes === undefined ? {} : { maxStringBytes: maxBulkBytes }),
  });
  const likely = new LikelyKeys(options.totalBytes);
  const chunk = new Uint8Array(options.chunkBytes);
  let position = 0;
  let sinceYield = 0;
  for (;;) {
    const status = reader.next();
    if (status === ENTRY) {
      applyEntry(options, reader, likely);
      if (++sinceYield < ENTRIES_PER_TURN) continue;
    } else if (status === STRINGS) {
      sinceYield += ENTRIES_PER_RUN;
      if (sinceYield < ENTRIES_PER_TURN) continue;
    } else if (status === NEED_MORE) {
      const length = await options.read(chunk, position);
      position += length;
      if (length === 0) reader.end();
      else reader.feed(chunk.subarray(0, length));
    } else if (reader.error !== undefined) throw options.damaged(reader.error);
    else return reader.endOffset;
    sinceYield = 0;
    progress(reader.endOffset);
    await yieldTurn();
  }
}

function takerOf({ applyString, refused }: RdbEntriesOptions): StringTaker | undefined {
  if (applyString === undefined) return undefined;
  return (database, bytes, keyStart, keyEnd, valueStart, valueEnd, attributes, fileOffset) => {
    const refusal = applyString(database, bytes, keyStart, keyEnd, valueStart, valueEnd, attributes);
    if (refusal !== undefined) throw refused(refusal, fileOffset);
  };
}

function applyEntry(options: RdbEntriesOptions, reader: RdbReader, likely: LikelyKeys): void {
  const { applyEntry: apply, damaged, refused } = options;
  if (reader.entry === undefined) throw new Error('bug: an RDB reader answered ENTRY without one');
  const entry = reader.entry.kind === 'resize' ? likely.bounded(reader.entry) : reader.entry;
  let refusal: string | undefined;
  try {
    refusal = apply(entry);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    throw damaged(error);
  }
  if (refusal !== undefined) throw refused(refusal, entry.fileOffset);
}

/** Bounds what a file claims of keys to come, of all databases together, by what the rest of it makes likely. */
class LikelyKeys {
  readonly #totalBytes: number;
  #unclaimed: number;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
    this.#unclaimed = Math.floor(totalBytes / BYTES_PER_CLAIMED_KEY);
  }

  bounded(entry: RdbResizeEntry): RdbResizeEntry {
    const rest = Math.max(0, Math.floor((this.#totalBytes - entry.fileOffset) / BYTES_PER_CLAIMED_KEY));
    const keys = Math.min(entry.keys, rest, this.#unclaimed);
    this.#unclaimed -= keys;
    return { ...entry, keys, expiringKeys: Math.min(entry.expiringKeys, keys) };
  }
}

export type RdbPartOptions = Omit<RdbEntriesOptions, 'damaged' | 'refused'> & { readonly file: AofFile };

/**
 * Applies the RDB part at the beginning of a file.
 * @returns the file offset behind it
 * @throws LoadError AOF_RDB_PART: it is damaged, cut off, or an entry was refused; AOF_READ_FAILED
 */
export function loadRdbPart(options: RdbPartOptions): Promise<number> {
  const { name, path } = options.file;
  return loadRdbEntries({
    ...options,
    damaged: (cause) => {
      const { message, fileOffset, doing, hint } = cause;
      return new LoadError(
        'AOF_RDB_PART',
        `Error reading the RDB part of the append only file ${name}, AOF loading aborted: ${message} (at offset ${fileOffset}, ${doing})`,
        {
          path,
          fileOffset,
          cause,
          hint: `At offset ${fileOffset}: ${hint ?? message}. Nothing has been changed on disk.`,
        },
      );
    },
    refused: (refusal, fileOffset) =>
      new LoadError('AOF_RDB_PART', `${refusal} reading the RDB part of the append only file ${name}`, {
        path,
        fileOffset,
        hint: `The entry at offset ${fileOffset} does not fit this server: compare its configuration with that of the server that wrote the file, and look at the file with check-aof.`,
      }),
  });
}
