/** Whether the disk has room for a new base: a guess that refuses only what clearly cannot succeed. */
import type { Disk } from '@aof/disk';
import { type Keyspace, stringLength, type Value, valueBytes } from '@aof/keyspace';

/** Keys looked at in each database. */
const SAMPLES = 200;
/** `*3 $3 SET $n … $n …` and their line ends. */
const RECORD_BYTES = 30;
/** Of the memory that a collection takes, at least so much is its elements. */
const ELEMENT_SHARE = 1 / 4;
/** Half of what is guessed must fit. */
const CAUTION = 1 / 2;

/** About how many bytes a base of the data set takes, from a sample. */
export function estimateBaseBytes(keyspace: Keyspace): number {
  let total = 0;
  for (const db of keyspace.databases) {
    let bytes = 0;
    let count = 0;
    db.dictionary.scan(0, Math.min(SAMPLES, db.size), (key, value) => {
      bytes += RECORD_BYTES + key.length + contentBytes(value);
      count++;
    });
    if (count > 0) total += (bytes / count) * db.size;
  }
  return Math.round(total);
}

function contentBytes(value: Value): number {
  if (typeof value === 'string' || value.type === 'string') return stringLength(value);
  return valueBytes(value) * ELEMENT_SHARE;
}

/** What is missing, or undefined if the base may fit or nobody knows. Bytes. */
export function missingRoom(
  disk: Disk,
  folder: string,
  keyspace: Keyspace,
): { readonly neededBytes: number; readonly freeBytes: number } | undefined {
  const freeBytes = disk.freeBytes(folder);
  if (freeBytes === undefined) return undefined;
  const neededBytes = estimateBaseBytes(keyspace);
  return freeBytes < neededBytes * CAUTION ? { neededBytes, freeBytes } : undefined;
}
