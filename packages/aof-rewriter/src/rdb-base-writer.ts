/**
 * A base as an RDB file, which `aof-use-rdb-preamble` asks for: smaller than records and faster to load. In the single
 * layout records follow behind it in the same file.
 *
 * Invariants: the file is one that Redis 7.0 and everything newer reads, with the mark of an AOF's base; what has gathered
 * goes to the output in pieces, so that its limits see it.
 *
 * Source: Redis persistence docs; Redis aof.c, rewriteAppendOnlyFile; Redis rdb.c, rdbSaveRio.
 */
import type { Key, LargeEntry, Thresholds, Value } from '@aof/keyspace';
import { RdbSnapshotWriter, RdbWriter } from '@aof/rdb';
import type { BaseOutput } from './base-output.ts';
import type { BaseWriter } from './base-writer.ts';

/** So much gathers before it is handed on. */
const PIECE_BYTES = 64 * 1024;

export interface RdbBaseOptions {
  /** When the data set was as the base has it, seconds since the Unix epoch. */
  readonly createdSec: number;
  /** `rdbcompression`. */
  readonly compresses: boolean;
  /** `rdbchecksum`. */
  readonly sums: boolean;
  /** Up to which sizes values are packed. */
  readonly thresholds: Thresholds;
}

export class RdbBaseWriter implements BaseWriter {
  readonly format = 'rdb';
  readonly #output: BaseOutput;
  readonly #createdSec: number;
  readonly #rdb: RdbWriter;
  readonly #values: RdbSnapshotWriter;

  constructor(output: BaseOutput, { createdSec, compresses, sums, thresholds }: RdbBaseOptions) {
    this.#output = output;
    this.#createdSec = createdSec;
    this.#rdb = new RdbWriter({ target: 'redis-7.0', compresses, sums, thresholds, chunkBytes: PIECE_BYTES });
    this.#values = new RdbSnapshotWriter(this.#rdb);
  }

  /** Nothing may come between the pieces of a value. */
  get acceptsBetween(): boolean {
    return this.#values.acceptsBetween;
  }

  begin(): void {
    this.#rdb.begin({ createdSec: this.#createdSec, isAofBase: true });
    this.#handOn();
  }

  writeValue(database: number, key: Key, value: Value, expireAtMs: number): void {
    this.#values.writeValue(database, key, value, expireAtMs);
    if (this.#rdb.pendingBytes >= PIECE_BYTES) this.#handOn();
  }

  writePiece(entry: LargeEntry): boolean {
    const isLast = this.#values.writePiece(entry);
    if (this.#rdb.pendingBytes >= PIECE_BYTES) this.#handOn();
    return isLast;
  }

  end(): void {
    this.#rdb.end();
    this.#handOn();
    this.#output.flush();
  }

  #handOn(): void {
    for (const chunk of this.#rdb.take()) this.#output.addBytes(chunk);
  }
}
