/**
 * Reads RDB files of Redis and Valkey, any version, as the bytes come.
 *
 * Feed chunks of any size, ask `next` for entries until it wants more. The RDB part ends by itself, so that an append-only file
 * that begins with one can be read on from `endOffset` with what `rest` holds.
 *
 * Invariants: the answers do not depend on how the input is cut; memory is bounded by the largest value that is really there, or,
 * with `partElements`, by its longest string or packed node; no length is believed before its bytes are there. Whatever the
 * bytes are, reading ends in END, TRUNCATED or FORMAT_ERROR.
 *
 * Source: Redis rdb.c, rdbLoadRio; Valkey rdb.c.
 */

import type { RdbEntry } from './entries.ts';
import { hintFor, RdbError, type RdbErrorCode, RdbFault } from './errors.ts';
import { HANDED_OVER, type ReadContext, readFile } from './file-reader.ts';
import type { Dialect } from './format.ts';
import { RdbInput } from './input.ts';
import { PackedRuns, type PackedTaker } from './packed-runs.ts';
import { type KeyForeseer, StringRuns, type StringTaker } from './string-runs.ts';

/** `next` answers: feed more, or call `end`. */
export const NEED_MORE = 0;
/** `entry` holds an entry. */
export const ENTRY = 1;
/** Keys were given to `takeString`; there is no entry. */
export const STRINGS = 3;
/** The RDB part is complete: its last entry was of the kind `end`. Final. */
export const END = 2;
/** The input ended inside the RDB part; see `error`. Final. */
export const TRUNCATED = -1;
/** What is there is no RDB file, or a damaged one; see `error`. Final. */
export const FORMAT_ERROR = -2;

export type ReadStatus =
  | typeof NEED_MORE
  | typeof ENTRY
  | typeof STRINGS
  | typeof END
  | typeof TRUNCATED
  | typeof FORMAT_ERROR;

export interface RdbReaderOptions {
  /** File offset of the first byte that is fed. Default 0. */
  readonly fileOffset?: number;
  /** Whether the checksum is compared. Default true (the option `rdbchecksum`). */
  readonly verifiesChecksum?: boolean;
  /**
   * Whether files of versions are read that are newer than what is known here: all goes well until something new comes, which is an
   * RDB_TYPE. Default false.
   */
  readonly acceptsNewer?: boolean;
  /** Lists, sets, sorted sets, hashes and streams come in parts of about so many elements. Default: whole. */
  readonly partElements?: number;
  /**
   * Whether members, fields and elements of small encodings that come twice are an error, which costs a hash set per value. Default
   * false: `entryToValue` finds them at no cost.
   */
  readonly findsDuplicates?: boolean;
  /**
   * Takes keys whose value is a short string, as many as it can of them: those are no entries then, and `next` answers STRINGS after
   * some. What it throws goes through `next`, and ends the reading.
   */
  readonly takeString?: StringTaker | undefined;
  /** Takes keys whose value is a small collection, if strings are taken; what it does not take are entries. */
  readonly takePacked?: PackedTaker | undefined;
  /** Hears of keys before `takeString` is given them, or before reading ends. */
  readonly foreseeKey?: KeyForeseer | undefined;
  /** Longest string, packed structure or value of type string, in bytes. Default 512 MiB: Redis's `proto-max-bulk-len`. */
  readonly maxStringBytes?: number;
}

const DEFAULT_MAX_STRING_BYTES = 512 * 1024 * 1024;

export class RdbReader {
  /** The entry, after ENTRY. It is the caller's to keep. */
  entry: RdbEntry | undefined;
  /** Why reading ended, after TRUNCATED or FORMAT_ERROR. */
  error: RdbError | undefined;

  readonly #input: RdbInput;
  readonly #context: ReadContext;
  readonly #entries: Generator<RdbEntry | typeof HANDED_OVER | undefined, void, void>;
  #wantsInput = true;
  #isEnded = false;
  #isWaiting = false;
  #final: ReadStatus | undefined;

  constructor(options: RdbReaderOptions = {}) {
    const { verifiesChecksum = true, takeString, takePacked, foreseeKey } = options;
    this.#input = new RdbInput(
      options.fileOffset ?? 0,
      verifiesChecksum,
      options.maxStringBytes ?? DEFAULT_MAX_STRING_BYTES,
    );
    const packed = takePacked && new PackedRuns(this.#input, takePacked);
    this.#context = {
      doing: 'start',
      key: undefined,
      database: 0,
      encoding: undefined,
      dialect: 'redis',
      version: 0,
      partOffset: this.#input.fileOffset(0),
      verifiesChecksum,
      acceptsNewer: options.acceptsNewer ?? false,
      partElements: options.partElements ?? Number.POSITIVE_INFINITY,
      findsDuplicates: options.findsDuplicates ?? false,
      strings: takeString === undefined ? undefined : new StringRuns(this.#input, takeString, foreseeKey, packed),
      templates: new Map(),
    };
    this.#entries = readFile(this.#input, this.#context);
  }

  /** Of the file, once its header is read; 0 before. */
  get version(): number {
    return this.#context.version;
  }

  get dialect(): Dialect {
    return this.#context.dialect;
  }

  /** File offset behind what was read: after END, behind the RDB part. */
  get endOffset(): number {
    return this.#input.fileOffset(this.#input.at);
  }

  /** After END: what was fed and is not of the RDB part. Holds until the chunk that was fed last is reused. */
  get rest(): Uint8Array {
    return this.#input.bytes.subarray(this.#input.at, this.#input.limit);
  }

  /** Gives the next bytes, after NEED_MORE or at the start. They must not change until the next NEED_MORE. */
  feed(chunk: Uint8Array): void {
    this.#takeTurn();
    this.#input.feed(chunk);
  }

  /** Tells that there is nothing more to feed, after NEED_MORE or at the start. */
  end(): void {
    this.#takeTurn();
    this.#isEnded = true;
  }

  /** Reads on to the next entry. */
  next(): ReadStatus {
    if (this.#final !== undefined) return this.#final;
    if (this.#wantsInput) return NEED_MORE;
    this.entry = undefined;
    if (this.#isWaiting && !this.#input.isWorthTrying) return this.#wait();
    try {
      const { value, done } = this.#entries.next();
      this.#isWaiting = value === undefined && !done;
      if (done) return this.#finish(END);
      if (value === undefined) return this.#wait();
      if (value === HANDED_OVER) return STRINGS;
      this.entry = value;
      return ENTRY;
    } catch (cause) {
      if (!(cause instanceof RdbFault)) throw cause;
      this.error = this.#errorOf(cause.code, cause.message, cause);
      return this.#finish(FORMAT_ERROR);
    }
  }

  #takeTurn(): void {
    if (!this.#wantsInput || this.#isEnded) throw new Error('bug: input for an RDB reader that has not asked for it');
    this.#wantsInput = false;
  }

  #wait(): ReadStatus {
    if (this.#isEnded) {
      this.error = this.#errorOf('RDB_TRUNCATED', 'Unexpected EOF reading RDB file');
      return this.#finish(TRUNCATED);
    }
    this.#input.keep();
    this.#wantsInput = true;
    return NEED_MORE;
  }

  #errorOf(code: RdbErrorCode, message: string, cause?: RdbFault): RdbError {
    const { doing, key, database, encoding } = this.#context;
    const fileOffset = this.#input.atomOffset;
    return new RdbError(code, message, { fileOffset, doing, key, database, encoding, hint: hintFor(code), cause });
  }

  #finish(status: ReadStatus): ReadStatus {
    this.#final = status;
    return status;
  }
}
