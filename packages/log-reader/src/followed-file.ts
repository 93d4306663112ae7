/**
 * One file of a live log, open, and how far it has been told.
 *
 * Invariants: `position` is behind a whole command or transaction; what is not whole yet is read again the next time, because a server that
 * was killed cuts it off and goes on in its place. The file stays readable when its name is gone.
 */
import { FORMAT_ERROR } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { fileChunks } from './file-chunks.ts';
import type { LogFile } from './find-log.ts';
import type { CommandEvent } from './log-event.ts';
import { faultAtEnd, faultOf } from './log-fault.ts';
import type { LogFault } from './log-read-error.ts';
import { RecordEvents } from './record-events.ts';
import type { TailCommand, TailCursor } from './tail-event.ts';

/** Bytes before a position that tell whether it is still the same file. */
const BEFORE_BYTES = 32;

export interface TailPosition {
  readonly fileOffset: number;
  readonly database: number;
  readonly atSeconds: number | undefined;
  /** Up to 32 bytes before `fileOffset`. */
  readonly before: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
const BEGINNING: TailPosition = { fileOffset: 0, database: 0, atSeconds: undefined, before: NO_BYTES };

/** What stands for itself: a command, or a transaction. */
export type TailUnit = TailCommand | { readonly commands: readonly TailCommand[] };

export class FollowedFile {
  readonly file: LogFile;
  readonly fileId: string;
  readonly handle: DiskFile;
  position: TailPosition = BEGINNING;
  /** Where the records begin: behind the RDB part; undefined as long as nobody has looked. */
  recordsAt: number | undefined;

  private constructor(file: LogFile, fileId: string, handle: DiskFile) {
    this.file = file;
    this.fileId = fileId;
    this.handle = handle;
  }

  /** @returns undefined if the name is gone @throws DiskError */
  static open(disk: Disk, file: LogFile): FollowedFile | undefined {
    // Whether it was replaced between looking and opening shows in the second look.
    for (;;) {
      const before = disk.status(file.path);
      if (before?.kind !== 'file') return undefined;
      const handle = openIfThere(disk, file.path);
      if (handle === undefined) return undefined;
      if (disk.status(file.path)?.fileId === before.fileId) return new FollowedFile(file, before.fileId, handle);
      handle.close();
    }
  }

  cursor(layout: TailCursor['layout']): TailCursor {
    const { fileOffset, database, atSeconds, before } = this.position;
    return {
      version: 1,
      layout,
      file: this.file.name,
      fileId: this.fileId,
      fileOffset,
      database,
      ...(atSeconds === undefined ? {} : { atSeconds }),
      before: Buffer.from(before).toString('hex'),
    };
  }

  /** Goes on where a cursor says. @returns false if this is not the file that it means, as it was then */
  async resume(cursor: TailCursor): Promise<boolean> {
    if (cursor.fileId !== this.fileId || cursor.file !== this.file.name) return false;
    const { fileOffset, database, atSeconds, before } = cursor;
    this.position = { fileOffset, database, atSeconds, before: Buffer.from(before, 'hex') };
    return this.isSound();
  }

  /** Goes on at `fileOffset`, which is a beginning of records. */
  async placeAt(fileOffset: number, database: number, atSeconds: number | undefined): Promise<void> {
    const before = new Uint8Array(Math.min(BEFORE_BYTES, fileOffset));
    await this.handle.readAsync(before, 0, before.length, fileOffset - before.length);
    this.position = { fileOffset, database, atSeconds, before };
  }

  /** Whether the file still has what was told. */
  async isSound(): Promise<boolean> {
    const { fileOffset, before } = this.position;
    if (this.handle.size() < fileOffset) return false;
    const found = new Uint8Array(before.length);
    const length = await this.handle.readAsync(found, 0, found.length, fileOffset - before.length);
    return length === found.length && Buffer.compare(found, before) === 0;
  }

  get hasMore(): boolean {
    return this.handle.size() > this.position.fileOffset;
  }

  /**
   * The units between `position`, which moves behind each before it is given, and the end of the file, or `until`.
   * @throws LogFault bytes that are no record
   */
  async *units(until = Number.POSITIVE_INFINITY): AsyncGenerator<TailUnit, void, void> {
    const records = this.#records();
    let commands: TailCommand[] | undefined;
    for await (const chunk of fileChunks(this.handle, this.position.fileOffset)) {
      records.feed(chunk);
      for (let event = records.next(); event !== undefined; event = records.next()) {
        if (event.endOffset > until) return;
        if (event.kind === 'annotation') continue;
        const unit = this.#take(event, commands);
        commands = event.transaction?.state === 'open' ? (commands ?? []) : undefined;
        if (records.goodEndOffset === event.endOffset) this.#moveBehind(event, records);
        if (unit === undefined) continue;
        if (commands === undefined) yield unit;
        else if ('request' in unit) commands.push(unit);
      }
      if (records.status === FORMAT_ERROR) throw faultOf(records, this.file);
    }
  }

  /** Why the file cannot end where it ends; undefined if it can. @throws DiskError */
  async faultAtEnd(): Promise<LogFault | undefined> {
    const records = this.#records();
    for await (const chunk of fileChunks(this.handle, this.position.fileOffset)) {
      records.feed(chunk);
      while (records.next() !== undefined);
    }
    return faultAtEnd(records, this.file);
  }

  close(): void {
    this.handle.close();
  }

  #records(): RecordEvents {
    const { fileOffset, database, atSeconds } = this.position;
    return new RecordEvents({ file: this.file, fileOffset, database, atSeconds });
  }

  /** What `event` is, or completes. */
  #take(event: CommandEvent, commands: readonly TailCommand[] | undefined): TailUnit | undefined {
    const { request, database, atSeconds, transaction } = event;
    if (transaction?.state === 'complete') return commands?.length ? { commands } : undefined;
    if (transaction?.state === 'discarded' || request.is(0, 'select') || request.is(0, 'multi')) return undefined;
    return { request: request.detach(), database, atSeconds };
  }

  #moveBehind({ request, endOffset }: CommandEvent, { database, atSeconds }: RecordEvents): void {
    const { buffer, rawStart, rawEnd } = request;
    // Not `slice`: on Node's Buffer that is a view.
    const before = new Uint8Array(buffer.subarray(Math.max(rawStart, rawEnd - BEFORE_BYTES), rawEnd));
    this.position = { fileOffset: endOffset, database, atSeconds, before };
  }
}

function openIfThere(disk: Disk, path: string): DiskFile | undefined {
  try {
    return disk.open(path, 'read');
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
