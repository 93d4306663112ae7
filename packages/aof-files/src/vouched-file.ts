/**
 * A log file whose bytes are vouched for: sums what is written and, once it is synced, puts it into the checksum file.
 *
 * It stands between whoever writes a log and the disk, who need not know of it. Bytes are summed where they lie in memory, before
 * the disk has them.
 *
 * Invariants
 * - Nothing is vouched for that a sync of this file, begun when the log was whole, has not covered.
 * - What goes wrong with the checksum file never fails the log: the rest of the file is not vouched for, and `onFailure` is told.
 * - After a sync that failed nothing more is vouched for: the next one that succeeds says nothing about what the first one lost.
 * - At most `spacingBytes` of what is synced are not vouched for, and none after a sync of the whole file (`sync`, `syncNow`).
 *
 * Cost: one pass of the CRC over what is written, and one write of 24 or 48 bytes for every 4 KiB of the log that a sync has
 * covered; the checksum file is never synced on the log's path. It takes at most 0.7 % of the log's size.
 */
import { Crc64 } from '@aof/crc64';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import {
  type BlockSum,
  CHECKSUM_BLOCK_BYTES,
  encodeEntries,
  openChecksums,
  removeChecksums,
  renameChecksums,
} from './checksum-file.ts';
import { writeWhole } from './manifest-file.ts';

const ENTRY_SPACING_BYTES = 4096;
/** Sums of blocks that wait for a sync: 4 GiB of log. Those above it are forgotten, and their blocks stay uncovered. */
const MAX_WAITING_SUMS = 64 * 1024;

export interface VouchingOptions {
  /** Whether to vouch from the beginning. */
  readonly isOn: boolean;
  /** The checksum file cannot be kept: from here on the file is not vouched for. */
  readonly onFailure: (error: DiskError) => void;
  /** So many more bytes must be durable before the next entry, unless the file is synced as a whole. Default: 4096. */
  readonly spacingBytes?: number;
}

export class VouchedFile implements DiskFile {
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #onFailure: (error: DiskError) => void;
  readonly #spacingBytes: number;
  #path: string;
  #isOn = false;
  /** Off for a while; then on or off. */
  #suspended: { resumesOn: boolean } | undefined;
  /** A sync has failed, or something that is vouched for was cut off: never again. */
  #isDoubtful = false;
  /** The sum of the block that is being filled, up to `#size`. */
  readonly #crc = new Crc64();
  #size: number;
  /** What is left to write of a write that was short: until then the file ends inside a record. */
  #owedBytes = 0;
  /** Full blocks that no sync has covered yet. */
  #waiting: BlockSum[] = [];
  /** What a sync has covered, with the sum up to there of the block that it ends in. */
  #durable: BlockSum;
  #vouchedEnd: number;
  /** Up to here something vouches for the bytes, or may: an older checksum file, or a sync that still runs. */
  #fixedEnd = 0;
  #checksums: DiskFile | undefined;

  /**
   * @param file open for appending; closed with this. If it is empty, what vouched for an older file of its name is removed
   * @throws DiskError an older checksum file cannot be removed
   */
  constructor(disk: Disk, file: DiskFile, options: VouchingOptions) {
    this.#disk = disk;
    this.#file = file;
    this.#onFailure = options.onFailure;
    this.#spacingBytes = options.spacingBytes ?? ENTRY_SPACING_BYTES;
    this.#path = file.path;
    this.#size = file.size();
    this.#vouchedEnd = this.#size;
    this.#durable = { end: this.#size, low: 0, high: 0 };
    this.#fixedEnd = this.#size;
    if (this.#size === 0) removeChecksums(disk, file.path);
    if (options.isOn) this.turnOn();
  }

  get path(): string {
    return this.#path;
  }

  get isVouching(): boolean {
    return this.#isOn;
  }

  /** Vouches for what is written from now on and, with the next sync, for the block that the file ends in, as it is now. */
  turnOn(): void {
    if (this.#suspended !== undefined) this.#suspended.resumesOn = true;
    if (this.#isOn || this.#isDoubtful || this.#suspended !== undefined) return;
    this.#waiting = [];
    this.#fixedEnd = Math.max(this.#fixedEnd, this.#size);
    try {
      const start = this.#sumLastBlock();
      this.#vouchedEnd = start;
      this.#durable = { end: start, low: 0, high: 0 };
      this.#isOn = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Vouches for nothing more. What the checksum file says stays true. */
  turnOff(): void {
    if (this.#suspended !== undefined) this.#suspended.resumesOn = false;
    this.#isOn = false;
    this.#waiting = [];
    this.#closeChecksums();
  }

  /** Vouches for nothing more until `resume`: what `turnOn` and `turnOff` say meanwhile holds from then on. */
  suspend(): void {
    if (this.#suspended !== undefined) return;
    const resumesOn = this.#isOn;
    this.turnOff();
    this.#suspended = { resumesOn };
  }

  resume(): void {
    const resumesOn = this.#suspended?.resumesOn ?? false;
    this.#suspended = undefined;
    if (resumesOn) this.turnOn();
  }

  /** A sync of the file has failed, whoever asked for it: the next one that succeeds proves nothing, so nothing is vouched for any more. */
  distrust(): void {
    this.#isDoubtful = true;
    this.turnOff();
  }

  /** The file has been given another name; its checksum file follows. @throws DiskError */
  renamedTo(path: string): void {
    const from = this.#path;
    this.#path = path;
    renameChecksums(this.#disk, from, path);
  }

  // --- the file ---

  size(): number {
    return this.#file.size();
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.#file.read(into, offset, length, position);
  }

  readAsync(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.#file.readAsync(into, offset, length, position);
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    const written = this.#file.write(bytes, offset, length);
    this.#owedBytes = length - written;
    if (this.#isOn) this.#sum(bytes, offset, offset + written);
    else this.#size += written;
    return written;
  }

  truncate(size: number): void {
    // Whoever cuts what is vouched for, or about to be, makes another file of it.
    if (size < Math.max(this.#vouchedEnd, this.#fixedEnd)) this.#forget();
    this.#file.truncate(size);
    this.#size = size;
    this.#owedBytes = 0;
    if (!this.#isOn) return;
    this.#waiting = this.#waiting.filter(({ end }) => end <= size);
    try {
      this.#sumLastBlock();
    } catch (error) {
      this.#fail(error);
    }
  }

  async dataSync(): Promise<void> {
    const mark = this.#mark();
    await this.#syncing(() => this.#file.dataSync());
    this.#synced(mark, false);
  }

  dataSyncNow(): void {
    const mark = this.#mark();
    this.#syncingNow(() => this.#file.dataSyncNow());
    this.#synced(mark, false);
  }

  /** Also vouches for all that is covered, durably. */
  syncNow(): void {
    const mark = this.#mark();
    this.#syncingNow(() => this.#file.syncNow());
    this.#synced(mark, true);
    try {
      this.#checksums?.dataSyncNow();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Likewise. */
  async sync(): Promise<void> {
    const mark = this.#mark();
    await this.#syncing(() => this.#file.sync());
    this.#synced(mark, true);
    try {
      await this.#checksums?.dataSync();
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.turnOff();
    this.#file.close();
  }

  // --- inside ---

  #sum(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const room = CHECKSUM_BLOCK_BYTES - (this.#size % CHECKSUM_BLOCK_BYTES);
      const stop = Math.min(end, at + room);
      this.#crc.update(bytes, at, stop);
      this.#size += stop - at;
      if (stop - at === room) this.#endBlock();
      at = stop;
    }
  }

  #endBlock(): void {
    if (this.#waiting.length < MAX_WAITING_SUMS) {
      this.#waiting.push({ end: this.#size, low: this.#crc.low, high: this.#crc.high });
    }
    this.#crc.reset();
  }

  /** @returns where it begins */
  #sumLastBlock(): number {
    this.#crc.reset();
    const start = this.#size - (this.#size % CHECKSUM_BLOCK_BYTES);
    const bytes = new Uint8Array(this.#size - start);
    for (let length = 0; length < bytes.length; ) {
      const count = this.#file.read(bytes, length, bytes.length - length, start + length);
      if (count === 0) throw new DiskError('EIO', 'read', this.#path, { reason: 'the file has become shorter' });
      length += count;
    }
    this.#crc.update(bytes);
    return start;
  }

  /** What a sync that begins now will cover; undefined if that ends inside a record. */
  #mark(): BlockSum | undefined {
    if (!this.#isOn || this.#owedBytes > 0) return undefined;
    this.#fixedEnd = this.#size;
    return { end: this.#size, low: this.#crc.low, high: this.#crc.high };
  }

  #synced(mark: BlockSum | undefined, isWhole: boolean): void {
    if (!this.#isOn || mark === undefined) return;
    if (mark.end > this.#durable.end) this.#durable = mark;
    this.#vouch(isWhole);
  }

  #vouch(isWhole: boolean): void {
    const { end, low, high } = this.#durable;
    const newBytes = end - this.#vouchedEnd;
    if (!this.#isOn || newBytes <= 0 || (newBytes < this.#spacingBytes && !isWhole)) return;
    const waiting = this.#waiting.findIndex((sum) => sum.end > end);
    const sums = this.#waiting.splice(0, waiting < 0 ? this.#waiting.length : waiting);
    if (end % CHECKSUM_BLOCK_BYTES > 0) sums.push({ end, low, high });
    this.#vouchedEnd = end;
    // History that was deleted while its last sync ran needs nobody to vouch for it.
    if (this.#checksums === undefined && this.#disk.status(this.#path) === undefined) return;
    try {
      this.#checksums ??= openChecksums(this.#disk, this.#path);
      writeWhole(this.#checksums, encodeEntries(sums));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #syncing(sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      this.distrust();
      throw error;
    }
  }

  #syncingNow(sync: () => void): void {
    try {
      sync();
    } catch (error) {
      this.distrust();
      throw error;
    }
  }

  /** What is vouched for is about to change its meaning, also what a sync that still runs will cover. @throws DiskError */
  #forget(): void {
    this.distrust();
    const slash = this.#path.lastIndexOf('/');
    if (removeChecksums(this.#disk, this.#path))
      this.#disk.syncDirectory(this.#path.slice(0, slash) || (slash === 0 ? '/' : '.'));
  }

  /** Anything but a disk's refusal is a bug (or a simulated crash) and goes on its way. */
  #fail(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    this.turnOff();
    this.#onFailure(error);
  }

  #closeChecksums(): void {
    const file = this.#checksums;
    this.#checksums = undefined;
    try {
      file?.close();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#onFailure(error);
    }
  }
}
