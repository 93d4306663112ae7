/** How far the RDB part of a file is good, and the keys that can still be read from a damaged one. */
import type { DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { ENTRY, NEED_MORE, type RdbEntry, RdbReader } from '@aof/rdb';

export type RdbPart =
  | { readonly state: 'good'; readonly endOffset: number }
  | {
      readonly state: 'damaged';
      readonly fileOffset: number;
      readonly reason: string;
      /** Keys that could be read, and how many the part says it has. */
      readonly keys: number;
      readonly keysPromised: number;
    };

/** Elements of a value that are in memory at once, where values are only counted. */
const PART_ELEMENTS = 4096;

/** @throws DiskError */
export async function rdbPartOf(file: DiskFile, progress: (fileOffset: number) => void): Promise<RdbPart> {
  const reader = new RdbReader({ partElements: PART_ELEMENTS, findsDuplicates: true });
  let keys = 0;
  let keysPromised = 0;
  for await (const entry of entriesOf(file, reader)) {
    if (entry.kind === 'key' && entry.isLast) keys++;
    if (entry.kind === 'resize') keysPromised += entry.keys;
    progress(reader.endOffset);
  }
  const { error, endOffset } = reader;
  if (error === undefined) return { state: 'good', endOffset };
  return { state: 'damaged', fileOffset: error.fileOffset, reason: error.message, keys, keysPromised };
}

/** The entries of a file up to its damage, if it has any: `reader.error` tells. @throws DiskError */
export async function* entriesOf(file: DiskFile, reader = new RdbReader()): AsyncGenerator<RdbEntry, void, void> {
  for await (const chunk of fileChunks(file, 0)) {
    reader.feed(chunk);
    for (let status = reader.next(); status === ENTRY; status = reader.next()) if (reader.entry) yield reader.entry;
    if (reader.next() !== NEED_MORE) return;
  }
  reader.end();
  for (let status = reader.next(); status === ENTRY; status = reader.next()) if (reader.entry) yield reader.entry;
}
