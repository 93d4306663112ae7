/** The RDB part that a file may begin with, as events. */
import type { DiskFile } from '@aof/disk';
import { beginsWithRdbPart, MAGIC_BYTES } from '@aof/loader';
import { END, ENTRY, RdbReader } from '@aof/rdb';
import { CHUNK_BYTES, fileChunks } from './file-chunks.ts';
import type { LogFile } from './find-log.ts';
import type { EntryEvent } from './log-event.ts';
import { rdbFault } from './log-fault.ts';

/** Collections come in parts of about so many elements. */
const PART_ELEMENTS = 1024;
/** Entries in memory at once: few, because an entry may be large. */
const ENTRIES_AT_ONCE = 256;

export interface RdbPartOptions {
  /** Elements in a part of a collection of an RDB part. Default 1024; Infinity: values come whole. */
  readonly partElements?: number;
  /** Whether the checksum of an RDB part is compared. Default true. */
  readonly verifiesRdbChecksum?: boolean;
  /** Longest argument of a record, and longest string of an RDB part, in bytes. Default: 512 MiB. */
  readonly maxBulkBytes?: number;
  /** Bytes that are read at once. Default 1 MiB. */
  readonly chunkBytes?: number;
}

export class RdbPart {
  /** Where the part ends and records begin, once its events have been read; 0 if there is none. */
  recordsAt = 0;
  readonly #file: LogFile;
  readonly #handle: DiskFile;
  readonly #options: RdbPartOptions;
  #atSeconds: number | undefined;
  #isEnded = false;

  constructor(file: LogFile, handle: DiskFile, options: RdbPartOptions = {}) {
    this.#file = file;
    this.#handle = handle;
    this.#options = options;
  }

  /** @throws LogFault AOF_RDB_PART; DiskError */
  async *events(): AsyncGenerator<readonly EntryEvent[], void, void> {
    const head = new Uint8Array(MAGIC_BYTES);
    const length = await this.#handle.readAsync(head, 0, head.length, 0);
    if (!beginsWithRdbPart(head.subarray(0, length))) return;
    const { maxBulkBytes, chunkBytes = CHUNK_BYTES } = this.#options;
    const reader = new RdbReader({
      partElements: this.#options.partElements ?? PART_ELEMENTS,
      acceptsNewer: true,
      verifiesChecksum: this.#options.verifiesRdbChecksum ?? true,
      ...(maxBulkBytes === undefined ? {} : { maxStringBytes: maxBulkBytes }),
    });
    for await (const chunk of fileChunks(this.#handle, 0, chunkBytes)) {
      reader.feed(chunk);
      yield* this.#read(reader);
      if (this.#isEnded) break;
    }
    if (!this.#isEnded) {
      reader.end();
      yield* this.#read(reader);
    }
    if (reader.error !== undefined) throw rdbFault(reader.error, this.#file);
    this.recordsAt = reader.endOffset;
  }

  /** The entries of what has been fed. */
  *#read(reader: RdbReader): Generator<readonly EntryEvent[], void, void> {
    for (;;) {
      const events: EntryEvent[] = [];
      while (events.length < ENTRIES_AT_ONCE) {
        const event = this.#next(reader);
        if (event === undefined) break;
        events.push(event);
      }
      if (events.length > 0) yield events;
      if (events.length < ENTRIES_AT_ONCE) return;
    }
  }

  #next(reader: RdbReader): EntryEvent | undefined {
    const status = reader.next();
    const { entry, endOffset } = reader;
    if (status !== ENTRY || entry === undefined) {
      this.#isEnded = status === END || reader.error !== undefined;
      return undefined;
    }
    if (entry.kind === 'aux' && entry.key === 'ctime' && /^\d{1,15}$/.test(entry.value)) {
      this.#atSeconds = Number(entry.value);
    }
    return {
      kind: 'entry',
      entry,
      file: this.#file,
      fileOffset: entry.fileOffset,
      endOffset,
      atSeconds: this.#atSeconds,
    };
  }
}
