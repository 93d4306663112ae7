/**
 * The data set as an RDB file: a base, which `aof-use-rdb-preamble` asks for (in the single layout records follow behind it in
 * the same file), or a snapshot, which stands for itself.
 *
 * Invariants: the file is one that Redis 7.0 and everything newer reads, and says which of the two it is; what has gathered
 * goes to the output in pieces, so that its limits see it.
 *
 * Source: Redis persistence docs; Redis aof.c, rewriteAppendOnlyFile; Redis rdb.c, rdbSaveRio.
 */
import type { Key, Keyspace, LargeEntry, Thresholds, Value } from '@aof/keyspace';
import { RdbSnapshotWriter, RdbWriter } from '@aof/rdb';
import type { BaseOutput } from './base-output.ts';
import type { BaseWriter } from './base-writer.ts';

/** So much gathers before it is handed on. */
const PIECE_BYTES = 64 * 1024;

export interface RdbBaseOptions {
  /** Whether it is a base, and not a snapshot that stands for itself. Default true. */
  readonly isAofBase?: boolean;
  /** When the data set was as the file has it, seconds since the Unix epoch. */
  readonly createdSec: number;
  /** `rdbcompression`. */
  readonly compresses: boolean;
  /** `rdbchecksum`. */
  readonly sums: boolean;
  /** Up to which sizes values are packed. */
  readonly thresholds: Thresholds;
  /** Of the process that writes it, as the file tells it. Default: 0, not known. */
  readonly usedMemoryBytes?: number;
  /** How many keys the databases have, for whoever loads the file: its tables need not grow key by key. */
  readonly sizes?: readonly DatabaseSize[];
  /** The code of function libraries, which stand before the keys. */
  readonly functions?: readonly string[];
}

export interface DatabaseSize {
  readonly database: number;
  readonly keys: number;
  readonly expiringKeys: number;
}

/** The databases that hold something, as they are now. */
export function databaseSizes({ databases }: Keyspace): DatabaseSize[] {
  return databases
    .filter(({ size }) => size > 0)
    .map(({ index, dictionary }) => ({
      database: index,
      keys: dictionary.size,
      expiringKeys: dictionary.expiringCount,
    }));
}

export class RdbBaseWriter implements BaseWriter {
  readonly format = 'rdb';
  readonly #output: BaseOutput;
  readonly #options: RdbBaseOptions;
  readonly #rdb: RdbWriter;
  readonly #values: RdbSnapshotWriter;

  constructor(output: BaseOutput, options: RdbBaseOptions) {
    const { compresses, sums, thresholds } = options;
    this.#output = output;
    this.#options = options;
    this.#rdb = new RdbWriter({ target: 'redis-7.0', compresses, sums, thresholds, chunkBytes: PIECE_BYTES });
    this.#values = new RdbSnapshotWriter(this.#rdb);
  }

  /** Nothing may come between the pieces of a value. */
  get acceptsBetween(): boolean {
    return this.#values.acceptsBetween;
  }

  begin(): void {
    const { createdSec, usedMemoryBytes = 0, isAofBase = true, functions = [], sizes = [] } = this.#options;
    this.#rdb.begin({ createdSec, usedMemoryBytes, isAofBase });
    for (const code of functions) this.#rdb.function(code);
    for (const { database, keys, expiringKeys } of sizes) this.#rdb.resize(database, keys, expiringKeys);
    this.#handOn();
  }

  writeValue(database: number, key: Key, value: Value, expireAtMs: number): void {
    this.#values.writeValue(database, key, value, expireAtMs);
    if (this.#rdb.pendingBytes >= PIECE_BYTES) this.#handOn();
  }

  writeStringBytes(
    database: number,
    bytes: Uint8Array,
    keyStart: number,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    this.#values.writeStringBytes(database, bytes, keyStart, valueStart, valueEnd, expireAtMs);
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
