/** The operating errors of RDB files and DUMP payloads: what went wrong, where, and while reading what. Codes stay; messages may change. */

/** Stable codes of `RdbError`. */
export type RdbErrorCode =
  /** The file does not begin as an RDB file does. */
  | 'RDB_MAGIC'
  /** A version that is not known, or not known under this magic. */
  | 'RDB_VERSION'
  /** The input ended before the RDB part did. */
  | 'RDB_TRUNCATED'
  /** A type or opcode that is not known in this dialect. */
  | 'RDB_TYPE'
  /** A value of a release candidate that no released server can read either. */
  | 'RDB_PRE_RELEASE'
  /** Bytes that are not a length or a string encoding. */
  | 'RDB_LENGTH'
  /** A number that is none, or out of the range that the format allows. */
  | 'RDB_NUMBER'
  /** Compressed bytes that do not decompress to the declared length. */
  | 'RDB_LZF'
  /** A ziplist, listpack, intset, zipmap or stream node whose structure does not hold together. */
  | 'RDB_STRUCTURE'
  /** The same member, field or ID twice. */
  | 'RDB_DUPLICATE'
  /** Module data that does not hold together. */
  | 'RDB_MODULE'
  /** A string longer than `maxStringBytes`. */
  | 'RDB_STRING_TOO_LONG'
  /** The checksum does not match what was read. */
  | 'RDB_CHECKSUM'
  /** A DUMP payload is too short or holds more than one value. */
  | 'RDB_PAYLOAD';

/** What was being read, in the words of redis-check-rdb. */
export type RdbStep =
  | 'start'
  | 'read-type'
  | 'read-expire'
  | 'read-key'
  | 'read-object-value'
  | 'check-sum'
  | 'read-len'
  | 'read-aux'
  | 'read-module-aux'
  | 'read-functions';

/** Where an error is and what it hit. */
export interface RdbErrorDetails {
  /** Byte offset in the file, of what could not be read; for a value packed in a string, of that string. */
  readonly fileOffset: number;
  readonly doing: RdbStep;
  /** The key, if one had been read. */
  readonly key?: string;
  readonly database?: number;
  /** The encoding of the value, as redis-check-rdb names it. */
  readonly encoding?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An RDB file or DUMP payload that cannot be read. */
export class RdbError extends Error {
  override readonly name = 'RdbError';
  readonly code: RdbErrorCode;
  readonly fileOffset: number;
  readonly doing: RdbStep;
  readonly key: string | undefined;
  readonly database: number | undefined;
  readonly encoding: string | undefined;
  readonly hint: string | undefined;

  constructor(code: RdbErrorCode, message: string, details: RdbErrorDetails) {
    super(message, { cause: details.cause });
    this.code = code;
    this.fileOffset = details.fileOffset;
    this.doing = details.doing;
    this.key = details.key;
    this.database = details.database;
    this.encoding = details.encoding;
    this.hint = details.hint;
  }
}

/**
 * A fault in bytes whose place in the file is for the caller to tell: thrown by the decoders of packed structures and turned
 * into an RdbError by the reader, never seen outside the package.
 */
export class RdbFault extends Error {
  readonly code: RdbErrorCode;

  constructor(code: RdbErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const HINTS: Readonly<Partial<Record<RdbErrorCode, string>>> = {
  RDB_MAGIC: 'check that this is an RDB file: it begins with REDIS or VALKEY and a version number',
  RDB_VERSION: 'read it with acceptsNewer, which ends where something new comes, or let an older server write it',
  RDB_TRUNCATED: 'the file was cut off: take an earlier copy, or copy it again from where it was written',
  RDB_TYPE: 'the file is damaged here, or was written by a newer or a modified server',
  RDB_PRE_RELEASE: 'load the file with the release candidate that wrote it and rewrite its data there',
  RDB_STRING_TOO_LONG: 'raise maxStringBytes if the file is sound',
  RDB_CHECKSUM:
    'bytes have changed since the file was written: take an earlier copy; what was read so far may be wrong anywhere',
};

/** What to do about an error of `code`. */
export function hintFor(code: RdbErrorCode): string {
  return HINTS[code] ?? 'the file is damaged here: take an earlier copy, or keep what lies before this offset';
}
