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
      /** The database that was being read, and how many of its keys are still to come; undefined if the part does not say. */
      readonly database: number;
      readonly keysToCome: number | undefined;
      /** The key whose value is damaged. */
      readonly key: string | undefined;
      /** The last key that could be read, and where it begins: a damaged length of its value may have taken in what follows. */
      readonly lastKey: { readonly database: number; readonly key: string; readonly fileOffset: number } | undefined;
      /** All keys could be read; only the checksum is wrong. */
      readonly isReadToEnd: boolean;
    };

/** Elements of a value that are in memory at once, where values are only counted. */
const PART_ELEMENTS = 4096;

/** @throws DiskError */
export async function rdbPartOf(file: DiskFile, progress: (fileOffset: number) => void): Promise<RdbPart> {
  const reader = new RdbReader({ partElements: PART_ELEMENTS, findsDuplicates: true });
  let keys = 0;
  let keysPromised = 0;
  let database = 0;
  let keysToCome: number | undefined;
  let lastKey: { database: number; key: string; fileOffset: number } | undefined;
  let begins = 0;
  for await (const entry of entriesOf(file, reader)) {
    if (entry.kind === 'select') [database, keysToCome] = [entry.database, undefined];
    if (entry.kind === 'resize') {
      keysPromised += entry.keys;
      keysToCome = entry.keys;
    }
    if (entry.kind === 'key' && entry.part === 0) begins = entry.fileOffset;
    if (entry.kind === 'key' && entry.isLast) {
      lastKey = { database: entry.database, key: entry.key, fileOffset: begins };
      keys++;
      if (keysToCome !== undefined) keysToCome--;
    }
    progress(reader.endOffset);
  }
  const { error, endOffset } = reader;
  if (error === undefined) return { state: 'good', endOffset };
  const { fileOffset, message: reason, key, doing } = error;
  const isReadToEnd = doing === 'check-sum';
  return { state: 'damaged', fileOffset, reason, keys, keysPromised, database, keysToCome, key, lastKey, isReadToEnd };
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
