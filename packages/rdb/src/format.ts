/**
 * The numbers of the RDB format.
 *
 *     file     := magic version part* EOF checksum?            magic `REDIS` + 4 digits, or `VALKEY` + 3 digits
 *     part     := opcode … | type key value                    a byte each for opcode and type
 *     length   := 00xxxxxx | 01xxxxxx x | 0x80 uint32 | 0x81 uint64 (big endian) | 11xxxxxx: not a length but an encoded string
 *     string   := length bytes | 0xC0 int8 | 0xC1 int16 | 0xC2 int32 (little endian) | 0xC3 length length lzf-bytes
 *     checksum := CRC-64/Jones of all before it, little endian, since version 5; 0 when it was not computed
 *
 * Two dialects share the numbers up to version 11 and part after it: Redis counts on from 12, Valkey jumps to 80 and changes the
 * magic, and both use type 22 and opcode 243 for different things. The magic tells them apart; a DUMP payload, which has none,
 * is told by its version.
 *
 * Versions 13 to 15 (Redis 8.6, 8.8, 8.10) add data of modules that belongs to a key, streams that know their producers and entries
 * that nobody owns, arrays, and hashes that share their field names through templates; Redis's own tests and librdb tell their form.
 *
 * Source: Redis and Valkey rdb.h; redis-check-rdb.c for the names.
 */

export type Dialect = 'redis' | 'valkey';

/** Object types. */
export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_ZSET_2 = 5;
export const TYPE_MODULE_PRE_RELEASE = 6;
export const TYPE_MODULE = 7;
export const TYPE_HASH_ZIPMAP = 9;
export const TYPE_LIST_ZIPLIST = 10;
export const TYPE_SET_INTSET = 11;
export const TYPE_ZSET_ZIPLIST = 12;
export const TYPE_HASH_ZIPLIST = 13;
export const TYPE_QUICKLIST = 14;
export const TYPE_STREAM = 15;
export const TYPE_HASH_LISTPACK = 16;
export const TYPE_ZSET_LISTPACK = 17;
export const TYPE_QUICKLIST_2 = 18;
export const TYPE_STREAM_2 = 19;
export const TYPE_SET_LISTPACK = 20;
export const TYPE_STREAM_3 = 21;
/** Redis only; in Valkey 22 is a hash with absolute expiries behind each value. */
export const TYPE_HASH_EXPIRY_PRE_RELEASE = 22;
export const TYPE_HASH_LISTPACK_EXPIRY_PRE_RELEASE = 23;
export const TYPE_HASH_EXPIRY = 24;
export const TYPE_HASH_LISTPACK_EXPIRY = 25;
/** Redis 8.6 and 8.8. */
export const TYPE_STREAM_4 = 26;
export const TYPE_STREAM_5 = 27;
export const TYPE_ARRAY = 28;
/** Redis 8.10: a hash whose field names are a template's. Those of a file refer to it, those of a DUMP payload bring it along. */
export const TYPE_HASH_TEMPLATE_LISTPACK = 29;
export const TYPE_HASH_TEMPLATE_LISTPACK_REF = 30;
export const TYPE_HASH_TEMPLATE_ARRAY = 31;
export const TYPE_HASH_TEMPLATE_ARRAY_REF = 32;
/** Valkey only. */
export const TYPE_VALKEY_HASH_EXPIRY = 22;

/** Opcodes. */
export const OPCODE_HASH_TEMPLATE = 242;
/** Redis since 8.6; in Valkey 243 is a slot's import. */
export const OPCODE_KEY_METADATA = 243;
export const OPCODE_VALKEY_SLOT_IMPORT = 243;
export const OPCODE_SLOT_INFO = 244;
export const OPCODE_FUNCTION = 245;
export const OPCODE_FUNCTION_PRE_RELEASE = 246;
export const OPCODE_MODULE_AUX = 247;
export const OPCODE_IDLE = 248;
export const OPCODE_FREQUENCY = 249;
export const OPCODE_AUX = 250;
export const OPCODE_RESIZE = 251;
export const OPCODE_EXPIRE_MS = 252;
export const OPCODE_EXPIRE_SEC = 253;
export const OPCODE_SELECT = 254;
export const OPCODE_EOF = 255;

/** The first byte of lengths and strings. */
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

/** Nodes of a quicklist of the second kind. */
export const NODE_PLAIN = 1;
export const NODE_PACKED = 2;

/** How the first version with a checksum, of each dialect the newest, and Valkey's first own one are numbered. */
export const CHECKSUM_SINCE = 5;
export const NEWEST_REDIS = 15;
export const VALKEY_SINCE = 80;
export const NEWEST_VALKEY = 80;

const TYPE_NAMES: readonly string[] = [
  'string',
  'list-linked',
  'set-hashtable',
  'zset-v1',
  'hash-hashtable',
  'zset-v2',
  'module-pre-release',
  'module-value',
  '',
  'hash-zipmap',
  'list-ziplist',
  'set-intset',
  'zset-ziplist',
  'hash-ziplist',
  'quicklist',
  'stream',
  'hash-listpack',
  'zset-listpack',
  'quicklist-v2',
  'stream-v2',
  'set-listpack',
  'stream-v3',
  'hash-hashtable-md-pre-release',
  'hash-listpack-md-pre-release',
  'hash-hashtable-md',
  'hash-listpack-md',
  'stream-v4',
  'stream-v5',
  'array',
  'hash-template-listpack',
  'hash-template-listpack-ref',
  'hash-template-array',
  'hash-template-array-ref',
];

/** The name of an object type as redis-check-rdb prints it; undefined if it is none in this dialect. */
export function typeNameOf(type: number, dialect: Dialect): string | undefined {
  if (dialect === 'valkey') {
    if (type === TYPE_VALKEY_HASH_EXPIRY) return 'hash-hashtable-with-expiration';
    if (type > TYPE_VALKEY_HASH_EXPIRY) return undefined;
  }
  return TYPE_NAMES[type] || undefined;
}

/**
 * Why a file of this version cannot be read, or undefined if it can.
 *
 * @param acceptsNewer whether versions are read that may hold what is not known here
 */
export function versionFault(version: number, dialect: Dialect, acceptsNewer: boolean): string | undefined {
  if (dialect === 'valkey') {
    if (version < VALKEY_SINCE) return `version ${version} with the magic VALKEY, which begins with ${VALKEY_SINCE}`;
    if (version <= NEWEST_VALKEY || acceptsNewer) return undefined;
    return `version ${version} of Valkey is newer than ${NEWEST_VALKEY}`;
  }
  if (version < 1 || version >= VALKEY_SINCE) return `Redis has no version ${version}`;
  if (version <= NEWEST_REDIS || acceptsNewer) return undefined;
  return `version ${version} of Redis is newer than ${NEWEST_REDIS}`;
}
