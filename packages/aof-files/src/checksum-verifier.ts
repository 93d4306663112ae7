/**
 * Compares the bytes of a log file, as they are read, with what vouches for them.
 *
 * Invariants: a block is compared as soon as its covered part has been taken, before anything behind it; bytes that nothing
 * vouches for are not even summed, unless sums are wanted for them.
 */
import { Crc64 } from '@aof/crc64';
import { type BlockSum, blockStartOf, CHECKSUM_BLOCK_BYTES, type ChecksumTable } from './checksum-file.ts';

/** A part of a block that holds other bytes than were written. Offsets in the log file, `end` exclusive. */
export interface ChecksumMismatch {
  /** Number of the block, from 0. */
  readonly block: number;
  readonly start: number;
  readonly end: number;
}

/** Mismatches that are remembered one by one. */
const MAX_MISMATCHES = 1000;

export class ChecksumVerifier {
  readonly #table: ChecksumTable | undefined;
  readonly #collects: boolean;
  readonly #crc = new Crc64();
  readonly #mismatches: ChecksumMismatch[] = [];
  readonly #uncovered: BlockSum[] = [];
  #position = 0;
  #mismatchCount = 0;

  /**
   * @param table what vouches for the file; undefined if nothing does
   * @param collects whether to sum the blocks that are not wholly covered, for `uncovered`
   */
  constructor(table: ChecksumTable | undefined, collects = false) {
    this.#table = table;
    this.#collects = collects;
  }

  /** Where the next byte is expected. */
  get position(): number {
    return this.#position;
  }

  /** The first ones, in order; `mismatchCount` is how many there are. */
  get mismatches(): readonly ChecksumMismatch[] {
    return this.#mismatches;
  }

  get mismatchCount(): number {
    return this.#mismatchCount;
  }

  /** Takes the bytes from `fileOffset` on; what was taken before is passed over. */
  take(bytes: Uint8Array, fileOffset: number): void {
    if (fileOffset > this.#position) throw new Error('bug: bytes of a log were left out');
    const end = fileOffset + bytes.length;
    while (this.#position < end) {
      const position = this.#position;
      const blockStart = position - (position % CHECKSUM_BLOCK_BYTES);
      const block = blockStart / CHECKSUM_BLOCK_BYTES;
      const covered = this.#table?.endOf(block) ?? 0;
      const stop = Math.min(end, covered > position ? covered : blockStart + CHECKSUM_BLOCK_BYTES);
      if (this.#collects || stop <= covered) this.#crc.update(bytes, position - fileOffset, stop - fileOffset);
      this.#position = stop;
      if (stop === covered) this.#compare(block, blockStart, covered);
      if (stop < blockStart + CHECKSUM_BLOCK_BYTES) continue;
      if (stop !== covered) this.#collect();
      this.#crc.reset();
    }
  }

  /**
   * Sums of the blocks that nothing vouched for yet, or not to their end. To be called when the whole file has been taken;
   * meaningless if there are mismatches.
   */
  get uncovered(): readonly BlockSum[] {
    const end = this.#position;
    const isPartOfBlock = end % CHECKSUM_BLOCK_BYTES > 0;
    if (!this.#collects || !isPartOfBlock) return this.#uncovered;
    if (this.#table?.endOf(blockStartOf(end) / CHECKSUM_BLOCK_BYTES) === end) return this.#uncovered;
    return [...this.#uncovered, { end, low: this.#crc.low, high: this.#crc.high }];
  }

  #compare(block: number, start: number, end: number): void {
    if (this.#table?.matches(block, this.#crc.low, this.#crc.high)) return;
    this.#mismatchCount++;
    if (this.#mismatches.length < MAX_MISMATCHES) this.#mismatches.push({ block, start, end });
  }

  #collect(): void {
    if (this.#collects) this.#uncovered.push({ end: this.#position, low: this.#crc.low, high: this.#crc.high });
  }
}
