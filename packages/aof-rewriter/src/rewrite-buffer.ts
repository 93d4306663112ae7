/**
 * The rewrite buffer of the single-file layout: a copy of everything that is logged while a rewrite runs, which is appended
 * to the new file at its end.
 *
 * Up to a ceiling it is memory; what comes after that goes to a temporary file, so that a long rewrite under load cannot
 * exhaust the heap. Bytes come out in the order in which they went in: first memory, then the file.
 *
 * Invariants: `byteLength` counts what went in and has not come out; while the file holds something to come out, all that comes
 * in goes there too. After a failure of the disk nothing is promised but `failure`.
 */
import type { RecordTee } from '@aof/aof-writer';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';

/** Default of what is kept in memory. */
export const REWRITE_BUFFER_CEILING_BYTES = 64 * 1024 * 1024;
/** Of memory, and of what is handed out at once. */
const CHUNK_BYTES = 64 * 1024;
/** How much of the temporary file is read at once. */
const READ_BYTES = 64 * 1024;

interface Chunk {
  readonly bytes: Uint8Array;
  length: number;
}

export interface RewriteBufferOptions {
  readonly disk: Disk;
  /** Where the temporary file is made if it is needed. */
  readonly overflowPath: string;
  /** Bytes kept in memory. */
  readonly ceilingBytes?: number | undefined;
}

export class RewriteBuffer implements RecordTee {
  readonly #disk: Disk;
  readonly #overflowPath: string;
  readonly #ceilingBytes: number;
  #chunks: Chunk[] = [];
  #memoryBytes = 0;
  #overflow: DiskFile | undefined;
  #overflowBytes = 0;
  #readBytes = 0;
  #failure: DiskError | undefined;

  constructor({ disk, overflowPath, ceilingBytes = REWRITE_BUFFER_CEILING_BYTES }: RewriteBufferOptions) {
    this.#disk = disk;
    this.#overflowPath = overflowPath;
    this.#ceilingBytes = ceilingBytes;
  }

  /** aof_rewrite_buffer_length. */
  get byteLength(): number {
    return this.#memoryBytes + this.#overflowBytes - this.#readBytes;
  }

  /** Why the buffer is not complete. */
  get failure(): DiskError | undefined {
    return this.#failure;
  }

  /** Takes a copy of the bytes `start` to `end` (exclusive). Never throws for the disk: see `failure`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#failure !== undefined) return;
    const hasRoom = this.#memoryBytes + end - start <= this.#ceilingBytes;
    if (hasRoom && this.#overflowBytes === this.#readBytes) this.#keep(bytes, start, end);
    else this.#spill(bytes, start, end);
  }

  /**
   * Hands out the oldest bytes, a chunk at a time, until nothing or at least `maxBytes` have been handed out.
   * @param take gets a view that is valid during the call
   * @throws DiskError
   */
  drain(maxBytes: number, take: (bytes: Uint8Array) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    let left = maxBytes;
    while (left > 0 && this.#chunks.length > 0) {
      const [{ bytes, length }] = this.#chunks;
      this.#chunks.shift();
      this.#memoryBytes -= length;
      left -= length;
      take(bytes.subarray(0, length));
    }
    while (left > 0 && this.#overflow !== undefined && this.#readBytes < this.#overflowBytes) {
      const piece = new Uint8Array(Math.min(READ_BYTES, this.#overflowBytes - this.#readBytes));
      const count = this.#overflow.read(piece, 0, piece.length, this.#readBytes);
      if (count === 0)
        throw new DiskError('EIO', 'read', this.#overflowPath, { reason: 'the file has become shorter' });
      this.#readBytes += count;
      left -= count;
      take(piece.subarray(0, count));
    }
  }

  /** Forgets everything and removes the temporary file. */
  release(): void {
    this.#chunks = [];
    this.#memoryBytes = 0;
    const file = this.#overflow;
    this.#overflow = undefined;
    this.#overflowBytes = 0;
    this.#readBytes = 0;
    if (file === undefined) return;
    // In this order: what frees the blocks is the close, which is in the background then.
    for (const act of [() => this.#disk.unlink(this.#overflowPath), () => file.close()]) {
      try {
        act();
      } catch (error) {
        // What cannot be removed now is removed at the next start.
        this.#fail(error);
      }
    }
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#memoryBytes += end - start;
    let last = this.#chunks.at(-1);
    for (let at = start; at < end; ) {
      if (last === undefined || last.length === last.bytes.length) {
        last = { bytes: new Uint8Array(CHUNK_BYTES), length: 0 };
        this.#chunks.push(last);
      }
      const stop = Math.min(end, at + last.bytes.length - last.length);
      last.bytes.set(bytes.subarray(at, stop), last.length);
      last.length += stop - at;
      at = stop;
    }
  }

  #spill(bytes: Uint8Array, start: number, end: number): void {
    try {
      this.#overflow ??= this.#disk.open(this.#overflowPath, 'truncate');
      for (let at = start; at < end; ) at += this.#overflow.write(bytes, at, end - at);
      this.#overflowBytes += end - start;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    this.#failure ??= error;
  }
}
