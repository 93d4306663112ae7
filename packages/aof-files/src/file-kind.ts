/**
 * Tells what a file is by its first bytes.
 * Source: Redis redis-check-aof.c and aof.c.
 */

import type { Disk } from '@aof/disk';

/** `rdb`: an RDB file, perhaps with records behind it; `resp`: records, or something that is none of the others. */
export type FileKind = 'empty' | 'manifest' | 'rdb' | 'resp';

const RDB_MAGIC = Buffer.from('REDIS');
/** A shorter file has no room for an RDB header. Source: Redis redis-check-aof.c. */
const RDB_HEADER_BYTES = 8;
const MANIFEST_KEYWORD = Buffer.from('file');
const LF = 10;
const HASH = 35;
/** Comments before the first line of a manifest are skipped within this many bytes. */
const HEAD_BYTES = 64 * 1024;

/** @param head the first bytes of the file; all of them, or at least some thousand */
export function fileKindOf(head: Uint8Array): FileKind {
  if (head.length === 0) return 'empty';
  let line = 0;
  while (head[line] === HASH) {
    const feed = head.indexOf(LF, line);
    if (feed < 0) return 'resp';
    line = feed + 1;
  }
  if (startsWith(head, line, MANIFEST_KEYWORD)) return 'manifest';
  return head.length >= RDB_HEADER_BYTES && startsWith(head, 0, RDB_MAGIC) ? 'rdb' : 'resp';
}

/** @throws DiskError if the file cannot be read */
export function readFileKind(disk: Disk, path: string): FileKind {
  const file = disk.open(path, 'read');
  try {
    const head = new Uint8Array(HEAD_BYTES);
    let size = 0;
    while (size < head.length) {
      const count = file.read(head, size, head.length - size, size);
      if (count === 0) break;
      size += count;
    }
    return fileKindOf(head.subarray(0, size));
  } finally {
    file.close();
  }
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[at + i] === byte);
}
