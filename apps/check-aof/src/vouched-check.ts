/**
 * Compares a file of the log with what vouches for it, and says which commands lie where they differ.
 *
 * Invariant: memory is two chunks, 16 bytes per 64 KiB of the file, and a bounded number of blocks and commands.
 */
import {
  ANNOTATION,
  AofRecordReader,
  type ChecksumMismatch,
  ChecksumVerifier,
  checksumNameOf,
  NEED_MORE,
  RECORD,
  readChecksums,
} from '@aof/aof-files';
import type { Disk, DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { Request } from '@aof/resp-codec';
import { describeRecord } from './describe-record.ts';
import { plural } from './findings.ts';

/** What a comparison found. Offsets and sizes in bytes. */
export interface VouchedCheck {
  readonly coveredBytes: number;
  /** Bytes at the end of the file that were written and synced, and are not there. */
  readonly missingBytes: number;
  /** Parts of blocks that hold other bytes than were written: the first ones; `mismatchCount` is how many there are. */
  readonly mismatches: readonly ChecksumMismatch[];
  readonly mismatchCount: number;
  /** What is wrong with the checksum file itself, in words; a crash may leave it so. */
  readonly doubt: string | undefined;
}

/** Bytes of the file at `path` that something vouches for; undefined if there is no checksum file. @throws DiskError */
export function vouchedBytesOf(disk: Disk, path: string, size: number): number | undefined {
  return readChecksums(disk, path, size)?.coveredBytes;
}

/** @returns undefined if there is no checksum file @throws DiskError */
export async function compareChecksums(disk: Disk, path: string, handle: DiskFile): Promise<VouchedCheck | undefined> {
  const size = handle.size();
  const table = readChecksums(disk, path, size);
  if (table === undefined) return undefined;
  const verifier = new ChecksumVerifier(table);
  const end = Math.min(size, table.coveredEnd);
  for await (const chunk of fileChunks(handle, 0)) {
    verifier.take(chunk, verifier.position);
    if (verifier.position >= end) break;
  }
  const { coveredBytes, coveredEnd, damagedEntries, isReadable } = table;
  const { mismatches, mismatchCount } = verifier;
  const what = isReadable ? plural(damagedEntries, 'entry', 'entries') : 'its header';
  const isDoubtful = !isReadable || damagedEntries > 0;
  const doubt = isDoubtful ? `${checksumNameOf(path)} is damaged or cut off: ${what} cannot be read` : undefined;
  return { coveredBytes, missingBytes: Math.max(0, coveredEnd - size), mismatches, mismatchCount, doubt };
}

/** The commands that lie, wholly or in part, in one range of a file. */
export interface CommandsIn {
  readonly count: number;
  /** The first ones, as they read now. */
  readonly shown: readonly string[];
}

const MAX_SHOWN = 5;

/**
 * The commands in each of `ranges`, which are in order and apart. Behind bytes that are no record none are known.
 * @param recordsOffset where the records begin; undefined: they cannot be read at all
 * @throws DiskError
 */
export async function commandsIn(
  handle: DiskFile,
  recordsOffset: number | undefined,
  ranges: readonly ChecksumMismatch[],
): Promise<readonly CommandsIn[]> {
  const found = ranges.map(() => ({ count: 0, shown: [] as string[] }));
  const last = ranges.at(-1);
  if (last === undefined || recordsOffset === undefined) return found;
  const view = new Request();
  const reader = new AofRecordReader({ mode: 'load', fileOffset: recordsOffset, view });
  let first = 0;
  for await (const chunk of fileChunks(handle, recordsOffset)) {
    reader.feed(chunk);
    let status = reader.next();
    for (; status === RECORD || status === ANNOTATION; status = reader.next()) {
      if (status === ANNOTATION) continue;
      while ((ranges[first]?.end ?? Number.POSITIVE_INFINITY) <= reader.recordOffset) first++;
      for (let i = first; (ranges[i]?.start ?? Number.POSITIVE_INFINITY) < reader.endOffset; i++) {
        const commands = found[i];
        if (commands === undefined) continue;
        commands.count++;
        if (commands.shown.length < MAX_SHOWN) commands.shown.push(describeRecord(view));
      }
    }
    if (status !== NEED_MORE || reader.endOffset >= last.end) break;
  }
  return found;
}

/** What is wrong with a block, for people. */
export function mismatchText({ block, start, end }: ChecksumMismatch, { count }: CommandsIn): string {
  const where = `bytes ${start} to ${end - 1} (block ${block}) are not those that were written`;
  return `${where}; ${count === 0 ? 'no command in it can be read' : `${plural(count, 'command')} in it`}`;
}
