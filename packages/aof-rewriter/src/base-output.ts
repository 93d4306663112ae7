/**
 * The file of a new base: encoded records gather in one buffer and go to the file in bounded writes.
 *
 * With syncs in steps a sync is started in the background every 4 MiB, so that the last one finds little left to do, and
 * `isBlocked` tells the copying to wait while too much is on its way: the page cache must not fill up with it.
 *
 * A disk that refuses does so in `failure`, not by an exception: records also come from within clients' commands, which
 * have nothing to do with it. What comes after a failure is dropped.
 *
 * Invariants: syncedBytes <= writtenBytes; bytes are written in order; no sync runs once `sync` or `discard` has settled.
 */
import { DiskError, type DiskFile } from '@aof/disk';
import { allocateLatin1, copyBytes, writeLatin1 } from '@aof/keyspace';
import { type CommandArgument, commandLength, writeBulkHeader, writeCommand } from '@aof/resp-codec';

/** A write blocks the event loop: 256 KiB took 1–2 ms beside a sync of the same file. */
const BUFFER_BYTES = 64 * 1024;
/** Source: Redis rio.h and config, `aof-rewrite-incremental-fsync`. */
const SYNC_STEP_BYTES = 4 * 1024 * 1024;
/** More than this unsynced, and copying waits. */
const MAX_UNSYNCED_BYTES = 32 * 1024 * 1024;

const SET_PREFIX = Buffer.from('*3\r\n$3\r\nSET\r\n');
/** `$`, ten digits and a line end. */
const MAX_HEADER_BYTES = 13;
const CR = 13;
const LF = 10;

export interface BaseOutputOptions {
  /** `aof-rewrite-incremental-fsync`. */
  readonly syncsInSteps: boolean;
  /** `isBlocked` may have become false, or `failure` been set. */
  onProgress(): void;
}

export class BaseOutput {
  readonly file: DiskFile;
  readonly #options: BaseOutputOptions;
  readonly #buffer = allocateLatin1(BUFFER_BYTES);
  #length = 0;
  #writtenBytes = 0;
  #syncedBytes = 0;
  #sync: Promise<void> | undefined;
  #failure: DiskError | undefined;
  #isHandedOver = false;

  /** @param file empty and open for writing; belongs to the output until it is handed over */
  constructor(file: DiskFile, options: BaseOutputOptions) {
    this.file = file;
    this.#options = options;
  }

  /** Why the file cannot be finished. */
  get failure(): DiskError | undefined {
    return this.#failure;
  }

  /** Bytes that were given out so far. */
  get byteLength(): number {
    return this.#writtenBytes + this.#length;
  }

  /** Whether to wait until a sync has ended. */
  get isBlocked(): boolean {
    return this.#sync !== undefined && this.#writtenBytes - this.#syncedBytes > MAX_UNSYNCED_BYTES;
  }

  /** Adds one record; strings are latin1. */
  addRecord(record: readonly CommandArgument[]): void {
    const bytes = commandLength(record);
    if (bytes > BUFFER_BYTES - this.#length) this.flush();
    if (bytes > BUFFER_BYTES) this.#addLongRecord(record);
    else this.#length = writeCommand(this.#buffer, this.#length, record);
  }

  /** Adds `SET key value`, whose key is the bytes `keyStart` to `valueStart` and whose value those from there to `valueEnd`. */
  addSet(bytes: Uint8Array, keyStart: number, valueStart: number, valueEnd: number): void {
    const most = SET_PREFIX.length + 2 * MAX_HEADER_BYTES + (valueEnd - keyStart) + 4;
    if (most > BUFFER_BYTES - this.#length) this.flush();
    if (most > BUFFER_BYTES) {
      return this.#addLongRecord(['SET', bytes.subarray(keyStart, valueStart), bytes.subarray(valueStart, valueEnd)]);
    }
    copyBytes(this.#buffer, this.#length, SET_PREFIX, 0, SET_PREFIX.length);
    this.#length += SET_PREFIX.length;
    this.addBulk(bytes, keyStart, valueStart);
    this.addBulk(bytes, valueStart, valueEnd);
  }

  /** Begins a record of `count` arguments, which `addBulk` and `addBulkText` give. */
  addArrayHeader(count: number): void {
    this.addText(`*${count}\r\n`);
  }

  /** Adds an argument: the bytes `start` to `end` (exclusive). */
  addBulk(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#makeRoom(end - start)) return this.#addLongBulk(bytes.subarray(start, end));
    const at = writeBulkHeader(this.#buffer, this.#length, end - start);
    copyBytes(this.#buffer, at, bytes, start, end);
    this.#endBulk(at + end - start);
  }

  /** Adds an argument of latin1 text. */
  addBulkText(text: string): void {
    if (!this.#makeRoom(text.length)) return this.#addLongBulk(text);
    const at = writeBulkHeader(this.#buffer, this.#length, text.length);
    writeLatin1(this.#buffer, at, text);
    this.#endBulk(at + text.length);
  }

  /** Adds latin1 text of any length. */
  addText(text: string): void {
    for (let at = 0; at < text.length; ) {
      if (this.#length === BUFFER_BYTES) this.flush();
      const end = Math.min(text.length, at + BUFFER_BYTES - this.#length);
      const piece = at === 0 && end === text.length ? text : text.substring(at, end);
      this.#length += this.#buffer.write(piece, this.#length, piece.length, 'latin1');
      at = end;
    }
  }

  /** Adds bytes, which are written before this returns or copied. */
  addBytes(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES - this.#length) this.flush();
    if (bytes.length >= BUFFER_BYTES) {
      this.#write(bytes, bytes.length);
    } else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  /** Writes what has gathered. */
  flush(): void {
    const length = this.#length;
    this.#length = 0;
    this.#write(this.#buffer, length);
  }

  /** Writes what has gathered and syncs in the background. @throws DiskError (as a rejection) now or earlier the disk refused */
  async sync(): Promise<void> {
    this.flush();
    await this.#sync;
    if (this.#failure === undefined) await this.#startSync(() => this.file.sync());
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes what has gathered and syncs, blocking: for SAVE, which everybody waits for. @throws DiskError */
  syncNow(): void {
    this.flush();
    if (this.#failure !== undefined) throw this.#failure;
    this.file.syncNow();
  }

  /** Writes what has gathered: somebody else writes to the file from now on, and closes it. @throws DiskError now or earlier the disk refused */
  handOver(): DiskFile {
    this.flush();
    if (this.#failure !== undefined) throw this.#failure;
    this.#isHandedOver = true;
    return this.file;
  }

  /** Resolves when no sync runs any more. @throws DiskError (as a rejection) the disk has refused */
  async settled(): Promise<void> {
    await this.#sync;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Closes the file, unless it was handed over, once nothing of it is under way; for a file that will not be used. */
  async discard(): Promise<void> {
    await this.#sync;
    if (!this.#isHandedOver) this.file.close();
  }

  #addLongRecord(record: readonly CommandArgument[]): void {
    this.addArrayHeader(record.length);
    for (const argument of record) this.#addLongBulk(argument);
  }

  #addLongBulk(argument: CommandArgument): void {
    this.addText(`$${argument.length}\r\n`);
    if (typeof argument === 'string') this.addText(argument);
    else this.addBytes(argument);
    this.addText('\r\n');
  }

  /** Whether there is room for an argument of so many bytes; there is none if the buffer is too small for it. */
  #makeRoom(bytes: number): boolean {
    const most = MAX_HEADER_BYTES + bytes + 2;
    if (most > BUFFER_BYTES - this.#length) this.flush();
    return most <= BUFFER_BYTES;
  }

  #endBulk(end: number): void {
    this.#buffer[end] = CR;
    this.#buffer[end + 1] = LF;
    this.#length = end + 2;
  }

  #write(bytes: Uint8Array, length: number): void {
    if (this.#failure !== undefined) return;
    try {
      for (let done = 0; done < length; ) done += this.file.write(bytes, done, length - done);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#writtenBytes += length;
    if (!this.#options.syncsInSteps || this.#sync !== undefined) return;
    if (this.#writtenBytes - this.#syncedBytes >= SYNC_STEP_BYTES) void this.#startSync(() => this.file.dataSync());
  }

  /** Never rejects: see `failure`. */
  #startSync(begin: () => Promise<void>): Promise<void> {
    const covered = this.#writtenBytes;
    const sync = this.#run(begin, covered);
    this.#sync = sync;
    // A bug's rejection reaches whoever awaits `sync` or `discard`, which may be later.
    sync.catch(() => undefined);
    return sync;
  }

  async #run(begin: () => Promise<void>, covered: number): Promise<void> {
    try {
      await begin();
      this.#syncedBytes = covered;
    } catch (error) {
      this.#fail(error);
    }
    this.#sync = undefined;
    this.#options.onProgress();
  }

  /** Anything but a disk's refusal is a bug (or a simulated crash) and goes on its way. */
  #fail(error: unknown): void {
    if (!(error instanceof DiskError)) throw error;
    this.#failure ??= error;
  }
}
