/**
 * How redis-check-rdb 7.0 reports a damaged RDB file: its offset, its reason, its name and number of the type.
 *
 * It counts the bytes that it has read in whole pieces, while `RdbError` names the piece that could not be used: the difference
 * is in the header of that piece. Where its own reason names a line of its source, ours does so too, for those who
 * compare; a reason that is not in the table says what @aof/rdb says.
 *
 * Source: redis-check-rdb.c, rdb.c, and what the program of version 7.0.15 prints.
 */
import type { DiskFile } from '@aof/disk';
import type { RdbError } from '@aof/rdb';

const SCORE_BYTES = 8;

export interface RdbReport {
  readonly fileOffset: number;
  readonly reason: string;
  /** Damaged inside: the tool says so and ends on the spot. Otherwise it goes back to whoever asked. */
  readonly endsOnTheSpot: boolean;
}

/** @param endOffset behind what the reader has read */
export function reportOf(error: RdbError, file: DiskFile, endOffset: number): RdbReport {
  switch (error.code) {
    case 'RDB_TRUNCATED':
      return plain(readBefore(error, file), 'Unexpected EOF reading RDB file');
    case 'RDB_CHECKSUM':
      return plain(endOffset, 'RDB CRC error');
    case 'RDB_MAGIC':
      return plain(endOffset, 'Wrong signature trying to load DB from file');
    case 'RDB_VERSION':
      return plain(endOffset, `Can't handle RDB format version ${versionText(file)}`);
    case 'RDB_TYPE':
      return plain(endOffset, `Invalid object type: ${byteAt(file, error.fileOffset)}`);
    default:
      return { fileOffset: damageOffset(error, file, endOffset), reason: internalReason(error), endsOnTheSpot: true };
  }
}

function damageOffset(error: RdbError, file: DiskFile, endOffset: number): number {
  switch (error.code) {
    case 'RDB_LENGTH':
      return error.fileOffset + 1;
    case 'RDB_LZF':
    case 'RDB_STRUCTURE':
      return Math.max(endOffset, atomEnd(file, error.fileOffset));
    case 'RDB_DUPLICATE':
      // The score behind the member has been read by then.
      return error.encoding === 'zset-v2' ? endOffset + SCORE_BYTES : endOffset;
    default:
      return endOffset;
  }
}

function plain(fileOffset: number, reason: string): RdbReport {
  return { fileOffset, reason, endsOnTheSpot: false };
}

const INTEGRITY: Readonly<Record<string, readonly [line: number, name: string]>> = {
  'hash-ziplist': [2275, 'Hash ziplist'],
  'hash-listpack': [2301, 'Hash listpack'],
};

function internalReason(error: RdbError): string {
  return `Internal error in RDB reading offset 0, function at rdb.c:${sourceReason(error)}`;
}

function sourceReason({ code, message, encoding }: RdbError): string {
  if (code === 'RDB_LZF') return '413 -> Invalid LZF compressed string';
  if (code === 'RDB_LENGTH' && message.startsWith('Unknown length encoding'))
    return `236 -> ${message} in rdbLoadLen()`;
  if (code === 'RDB_DUPLICATE' && encoding?.startsWith('zset-v')) return '1894 -> Duplicate zset fields detected';
  const integrity = INTEGRITY[encoding ?? ''];
  if (integrity !== undefined && (code === 'RDB_STRUCTURE' || code === 'RDB_DUPLICATE')) {
    return `${integrity[0]} -> ${integrity[1]} integrity check failed.`;
  }
  return `0 -> ${message}`;
}

/** How far the tool has read when the input ends inside the piece at which `error` is. */
function readBefore(error: RdbError, file: DiskFile): number {
  const at = error.fileOffset;
  switch (error.doing) {
    case 'read-key':
    case 'read-aux':
    case 'read-len':
    case 'read-functions':
    case 'read-object-value':
      return headerEnd(file, at);
    default:
      return at;
  }
}

/** A header of a string or a length: its first byte is read alone, then the rest at once. */
function headerEnd(file: DiskFile, at: number): number {
  const size = file.size();
  if (at >= size) return at;
  const first = byteAt(file, at);
  const rest = first < 0x40 || first >= 0xc0 ? 0 : first < 0x80 ? 1 : first === 0x80 ? 4 : first === 0x81 ? 8 : 0;
  if (at + 1 + rest > size) return at + 1;
  if (first !== 0xc3) return at + 1 + rest;
  const compressed = headerEnd(file, at + 1);
  return compressed >= size ? compressed : headerEnd(file, compressed);
}

/** Behind the string at `at`. */
function atomEnd(file: DiskFile, at: number): number {
  const first = byteAt(file, at);
  if (first >= 0xc0 && first < 0xc3) return at + 1 + 2 ** (first - 0xc0);
  const start = headerEnd(file, at);
  return start + lengthAt(file, first === 0xc3 ? at + 1 : at);
}

function lengthAt(file: DiskFile, at: number): number {
  const head = Buffer.alloc(9);
  file.read(head, 0, head.length, at);
  const first = head[0] ?? 0;
  if (first < 0x40) return first;
  if (first < 0x80) return ((first & 0x3f) << 8) | (head[1] ?? 0);
  return first === 0x80 ? head.readUInt32BE(1) : Number(head.readBigUInt64BE(1));
}

function byteAt(file: DiskFile, at: number): number {
  const byte = new Uint8Array(1);
  file.read(byte, 0, 1, at);
  return byte[0] ?? 0;
}

/** The digits behind the magic, as C's atoi reads them. */
function versionText(file: DiskFile): string {
  const head = Buffer.alloc(9);
  file.read(head, 0, head.length, 0);
  return String(Number.parseInt(head.toString('latin1', 5), 10) || 0);
}

const TYPE_NAMES: readonly string[] = [
  ...['string', 'list-linked', 'set-hashtable', 'zset-v1', 'hash-hashtable', 'zset-v2', 'module-pre-release'],
  ...['module-value', '', 'hash-zipmap', 'list-ziplist', 'set-intset', 'zset-ziplist', 'hash-ziplist', 'quicklist'],
  ...['stream', 'hash-listpack', 'zset-listpack', 'quicklist-v2', 'stream-v2', 'set-listpack', 'stream-v3'],
];
/** 7.0 has no name for the type that it introduced. */
const NAMELESS = 'stream-v2';

/** The type that was being read, `19 (unknown)`; before the first key the tool believes that it reads a string. */
export function typeText(encoding: string | undefined, isBeforeFirstKey: boolean): string | undefined {
  if (encoding === undefined) return isBeforeFirstKey ? '0 (string)' : undefined;
  return `${TYPE_NAMES.indexOf(encoding)} (${encoding === NAMELESS ? 'unknown' : encoding})`;
}
