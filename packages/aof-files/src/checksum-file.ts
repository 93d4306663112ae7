/**
 * The checksum file beside a log file: `appendonly.aof.1.incr.aof.crc64` vouches for `appendonly.aof.1.incr.aof`. Nothing in a
 * log vouches for the bytes of a value; this does, and the log stays as every Redis writes it.
 *
 *     header   24 bytes   "AOFCRC64" | version: u32 = 1 | bytes of a block: u32 = 65536 | check: u64
 *     entry    24 bytes   end: u64 | sum: u64 | check: u64
 *     entry    …
 *
 * Numbers are little-endian; `check` is the complement of the CRC-64 of the sixteen bytes before it. An entry says: the bytes of
 * the log from the beginning of the block in which byte `end - 1` lies, up to `end`, have the CRC-64 `sum`. Of several entries
 * for one block the one with the greatest end counts. Blocks without an entry, and bytes behind the last end, are not covered:
 * nobody vouches for them, and that is no error.
 *
 * Rules
 * - An entry is written only after the log up to its `end` has been synced. So whatever a crash takes, it is never something that
 *   is vouched for, and where bytes and entry differ the bytes are not those that were written.
 * - A covered part ends where the log was whole: behind the last record of a write.
 * - Entries are only appended. A checksum file may lag behind its log, end in half an entry, or have holes: entries stand at
 *   multiples of 24 bytes and each has its own check, so that what is not whole is passed over.
 * - Where a name comes to stand for other bytes (a rewrite, a cut), the checksum file goes first; it comes back last. It begins
 *   as a new file: a torn write must not bring back entries of an older one.
 */

import { Crc64 } from '@aof/crc64';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { writeWhole } from './manifest-file.ts';

/** Bytes of the log that one sum covers at most. */
export const CHECKSUM_BLOCK_BYTES = 64 * 1024;
/** Of the header, and of each entry. */
const ENTRY_BYTES = 24;
const CHECKED_BYTES = 16;
const VERSION = 1;
const MAGIC = Buffer.from('AOFCRC64');
const SUFFIX = '.crc64';
/** Read at once; whole entries. */
const CHUNK_BYTES = ENTRY_BYTES * 4096;

/** The name, or path, of what vouches for the log file `name`. */
export function checksumNameOf(name: string): string {
  return name + SUFFIX;
}

/** The log file that a checksum file of this name, or path, vouches for; undefined if the name is another. */
export function checksummedNameOf(name: string): string | undefined {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : undefined;
}

/** What is known of the beginning of a block. The sum's halves are signed 32-bit numbers, as `Crc64` gives them. */
export interface BlockSum {
  /** Offset in the log behind the last covered byte. */
  readonly end: number;
  readonly low: number;
  readonly high: number;
}

/** The offset at which the block begins that the byte before `end` lies in. */
export function blockStartOf(end: number): number {
  return end - 1 - ((end - 1) % CHECKSUM_BLOCK_BYTES);
}

function encodeChecksumHeader(): Uint8Array {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(CHECKSUM_BLOCK_BYTES, 12);
  writeCheck(bytes, 0);
  return bytes;
}

export function encodeEntries(sums: readonly BlockSum[]): Uint8Array {
  const bytes = Buffer.alloc(ENTRY_BYTES * sums.length);
  for (const [i, { end, low, high }] of sums.entries()) {
    const at = i * ENTRY_BYTES;
    bytes.writeUInt32LE(end % 2 ** 32, at);
    bytes.writeUInt32LE(Math.floor(end / 2 ** 32), at + 4);
    bytes.writeInt32LE(low, at + 8);
    bytes.writeInt32LE(high, at + 12);
    writeCheck(bytes, at);
  }
  return bytes;
}

/** The entry at `at`, or undefined if there is none that is whole. */
function decodeEntry(bytes: Buffer, at: number): BlockSum | undefined {
  if (!isChecked(bytes, at)) return undefined;
  const end = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  if (end === 0 || !Number.isSafeInteger(end)) return undefined;
  return { end, low: bytes.readInt32LE(at + 8), high: bytes.readInt32LE(at + 12) };
}

function isHeader(bytes: Buffer): boolean {
  return bytes.length >= ENTRY_BYTES && Buffer.compare(bytes.subarray(0, ENTRY_BYTES), encodeChecksumHeader()) === 0;
}

function checkOf(bytes: Uint8Array, at: number): Crc64 {
  const crc = new Crc64();
  crc.update(bytes, at, at + CHECKED_BYTES);
  return crc;
}

function writeCheck(bytes: Buffer, at: number): void {
  const { low, high } = checkOf(bytes, at);
  bytes.writeInt32LE(~low, at + CHECKED_BYTES);
  bytes.writeInt32LE(~high, at + CHECKED_BYTES + 4);
}

function isChecked(bytes: Buffer, at: number): boolean {
  const { low, high } = checkOf(bytes, at);
  return bytes.readInt32LE(at + CHECKED_BYTES) === ~low && bytes.readInt32LE(at + CHECKED_BYTES + 4) === ~high;
}

/** What a checksum file says, by blocks. Memory: 16 bytes per block of the log. */
export class ChecksumTable {
  /** False: the header is damaged, cut off or of another version, and nothing is covered. */
  readonly isReadable: boolean;
  readonly #ends: Float64Array;
  readonly #sums: Int32Array;
  #coveredEnd = 0;
  #coveredBytes = 0;
  #damagedEntries = 0;
  readonly #logBytes: number;

  /** @param logBytes entries with a greater end are only known by `coveredEnd` */
  constructor(logBytes: number, isReadable: boolean) {
    this.#logBytes = logBytes;
    const blocks = Math.ceil(logBytes / CHECKSUM_BLOCK_BYTES);
    this.#ends = new Float64Array(blocks);
    this.#sums = new Int32Array(2 * blocks);
    this.isReadable = isReadable;
  }

  /** Offset behind the last covered byte; above the log's size if covered bytes are missing. */
  get coveredEnd(): number {
    return this.#coveredEnd;
  }

  /** Bytes of the log that are vouched for. */
  get coveredBytes(): number {
    return this.#coveredBytes;
  }

  /** Entries that are not whole. */
  get damagedEntries(): number {
    return this.#damagedEntries;
  }

  /** Where the covered part of a block ends; 0 if there is none. */
  endOf(block: number): number {
    return this.#ends[block] ?? 0;
  }

  /** Whether the sum of the covered part of `block` is this one. */
  matches(block: number, low: number, high: number): boolean {
    return this.#sums[2 * block] === low && this.#sums[2 * block + 1] === high;
  }

  /** What is known of every block, in order, as far as it ends at or before `limit`. */
  *sumsUpTo(limit: number): Generator<BlockSum> {
    for (const [block, end] of this.#ends.entries()) {
      if (end === 0 || end > limit) continue;
      yield { end, low: this.#sums[2 * block] ?? 0, high: this.#sums[2 * block + 1] ?? 0 };
    }
  }

  add({ end, low, high }: BlockSum): void {
    this.#coveredEnd = Math.max(this.#coveredEnd, end);
    const start = blockStartOf(end);
    const block = start / CHECKSUM_BLOCK_BYTES;
    const former = this.endOf(block);
    if (end > this.#logBytes || former >= end) return;
    this.#coveredBytes += end - Math.max(start, former);
    this.#ends[block] = end;
    this.#sums[2 * block] = low;
    this.#sums[2 * block + 1] = high;
  }

  countDamaged(): void {
    this.#damagedEntries++;
  }
}

/**
 * Reads what vouches for the log file at `path`.
 * @param logBytes size of the log file
 * @returns undefined if there is no checksum file
 * @throws DiskError
 */
export function readChecksums(disk: Disk, path: string, logBytes: number): ChecksumTable | undefined {
  const checksumPath = checksumNameOf(path);
  if (disk.status(checksumPath)?.kind !== 'file') return undefined;
  const file = disk.open(checksumPath, 'read');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let length = readFully(file, chunk, 0);
    const table = new ChecksumTable(logBytes, isHeader(chunk.subarray(0, length)));
    if (!table.isReadable) return table;
    for (let position = 0; length > 0; length = readFully(file, chunk, position)) {
      for (let at = position === 0 ? ENTRY_BYTES : 0; at < length; at += ENTRY_BYTES) {
        const sum = at + ENTRY_BYTES <= length ? decodeEntry(chunk, at) : undefined;
        if (sum === undefined) table.countDamaged();
        else table.add(sum);
      }
      position += length;
    }
    return table;
  } finally {
    file.close();
  }
}

/** As much as there is, up to all of `chunk`. */
function readFully(file: DiskFile, chunk: Uint8Array, position: number): number {
  let length = 0;
  while (length < chunk.length) {
    const count = file.read(chunk, length, chunk.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/**
 * Opens what vouches for the log file at `path`, for appending entries; makes it if there is none that can be read.
 * @throws DiskError
 */
export function openChecksums(disk: Disk, path: string): DiskFile {
  const checksumPath = checksumNameOf(path);
  const found = disk.status(checksumPath);
  if (found !== undefined) {
    const file = disk.open(checksumPath, 'append');
    const header = Buffer.alloc(ENTRY_BYTES);
    try {
      if (isHeader(header.subarray(0, readFully(file, header, 0)))) {
        const excess = found.size % ENTRY_BYTES;
        if (excess > 0) file.truncate(found.size - excess);
        return file;
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    disk.unlink(checksumPath);
  }
  const file = disk.open(checksumPath, 'append');
  try {
    writeWhole(file, encodeChecksumHeader());
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Removes what vouches for the log file at `path`, if anything does. @returns whether there was something @throws DiskError */
export function removeChecksums(disk: Disk, path: string): boolean {
  const checksumPath = checksumNameOf(path);
  if (disk.status(checksumPath) === undefined) return false;
  try {
    disk.unlink(checksumPath);
  } catch (error) {
    if (!(error instanceof DiskError && error.code === 'ENOENT')) throw error;
  }
  return true;
}

/** The same in the background: of a large log it is large enough for that to take a while. */
export async function removeChecksumsInBackground(disk: Disk, path: string): Promise<boolean> {
  const checksumPath = checksumNameOf(path);
  if (disk.status(checksumPath) === undefined) return false;
  try {
    await disk.unlinkInBackground(checksumPath);
  } catch (error) {
    if (!(error instanceof DiskError && error.code === 'ENOENT')) throw error;
  }
  return true;
}

/** What vouches for the log file `from` follows it to its new name. @throws DiskError */
export function renameChecksums(disk: Disk, from: string, to: string): void {
  if (disk.status(checksumNameOf(from)) !== undefined) disk.rename(checksumNameOf(from), checksumNameOf(to));
}

/**
 * Appends what is known of blocks of the log file at `path`, and syncs it. Those blocks must be durable.
 * @throws DiskError
 */
export function appendChecksums(disk: Disk, path: string, sums: readonly BlockSum[]): void {
  if (sums.length === 0) return;
  const file = openChecksums(disk, path);
  try {
    for (let i = 0; i < sums.length; i += CHUNK_BYTES / ENTRY_BYTES) {
      writeWhole(file, encodeEntries(sums.slice(i, i + CHUNK_BYTES / ENTRY_BYTES)));
    }
    file.dataSyncNow();
  } finally {
    file.close();
  }
}
