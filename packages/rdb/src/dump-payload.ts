/**
 * What DUMP answers and RESTORE takes: one value.
 *
 *     payload := type value version checksum        2 and 8 bytes, little endian; the checksum is over all before it
 *
 * There is no magic: up to version 79 a payload is Redis's, from 80 on Valkey's. From version 15 on a payload may come without
 * checksum, as zero: Redis 8.10 sends such itself.
 *
 * Source: Redis cluster.c, createDumpPayload and verifyDumpPayload.
 */

import { crc64 } from '@aof/crc64';
import { defaultThresholds, type Thresholds } from '@aof/keyspace';
import type { RdbValue } from './entries.ts';
import { hintFor, RdbError, type RdbErrorCode, RdbFault } from './errors.ts';
import {
  type Dialect,
  TYPE_ARRAY,
  TYPE_MODULE,
  TYPE_MODULE_PRE_RELEASE,
  typeNameOf,
  VALKEY_SINCE,
  versionFault,
} from './format.ts';
import { needsTemplate } from './hash-templates.ts';
import { RdbInput } from './input.ts';
import { lossesOfValue, type RdbLossCode } from './losses.ts';
import { RdbOutput } from './output.ts';
import { type RdbTarget, targetFormat } from './targets.ts';
import { readValue } from './value-reader.ts';
import { isEmptyValue, typeOfValue, writeValue } from './value-writer.ts';

const VERSION_BYTES = 2;
const FOOTER_BYTES = VERSION_BYTES + 8;
const CHECKSUM_OPTIONAL_SINCE = 15;
/** Of types that are no value, or not one that stands for itself. */
const isUnrestorable = (type: number): boolean =>
  type === TYPE_MODULE || type === TYPE_MODULE_PRE_RELEASE || type === TYPE_ARRAY || needsTemplate(type);

export interface DumpOptions {
  /** Default true. */
  readonly compresses?: boolean;
  /** Default: Redis's. */
  readonly thresholds?: Thresholds;
  /** Told what the target cannot hold. */
  readonly onLoss?: (code: RdbLossCode) => void;
}

/**
 * The payload of `value` for a server of the `target`'s version or newer.
 *
 * @throws RangeError the value has no elements, or the target does not know its type
 */
export function dumpValue(value: RdbValue, target: RdbTarget, options: DumpOptions = {}): Uint8Array {
  const format = targetFormat(target);
  const thresholds = options.thresholds ?? defaultThresholds();
  if (isEmptyValue(value)) throw new RangeError(`a ${value.type} without elements is no value`);
  const losses = lossesOfValue(value, format);
  if (losses.includes('key')) throw new RangeError(`${target} has no values of type ${value.type}`);
  if (options.onLoss !== undefined) losses.forEach(options.onLoss);
  const output = new RdbOutput({ chunkBytes: 4096, ...(options.compresses === false && { compresses: false }) });
  const type = typeOfValue(value, format, thresholds);
  output.byte(type);
  writeValue(output, value, type, format, thresholds);
  output.uint16(format.version);
  output.uint64(output.checksum());
  return Buffer.concat(output.take());
}

export interface RestoreOptions {
  /** Longest string, in bytes. Default 512 MiB: Redis's `proto-max-bulk-len`. */
  readonly maxStringBytes?: number;
  /** Whether the checksum is compared. Default true. */
  readonly verifiesChecksum?: boolean;
}

/**
 * The value in a payload, its members and fields checked to be distinct. It keeps nothing of `payload`, which may change afterwards.
 *
 * @throws RdbError RDB_PAYLOAD, RDB_VERSION or RDB_CHECKSUM if it is no payload that can be read ("DUMP payload version or checksum are
 *         wrong"), another code if what it holds is damaged ("Bad data format"); offsets are those in the payload
 */
export function restoreValue(payload: Uint8Array, options: RestoreOptions = {}): RdbValue {
  const end = payload.length - FOOTER_BYTES;
  if (end < 1) throw payloadError('RDB_PAYLOAD', 'the payload is too short', 0);
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const version = bytes.readUInt16LE(end);
  const dialect: Dialect = version >= VALKEY_SINCE ? 'valkey' : 'redis';
  const fault = versionFault(version, dialect, false);
  if (fault !== undefined) throw payloadError('RDB_VERSION', fault, end);
  if (options.verifiesChecksum !== false) {
    const checksum = crc64(bytes.subarray(0, end + VERSION_BYTES));
    const expected = bytes.readBigUInt64LE(end + VERSION_BYTES);
    const isAbsent = expected === 0n && dialect === 'redis' && version >= CHECKSUM_OPTIONAL_SINCE;
    if (checksum !== expected && !isAbsent) {
      throw payloadError('RDB_CHECKSUM', 'the checksum does not match', end + VERSION_BYTES);
    }
  }
  const [type] = payload;
  const encoding = typeNameOf(type, dialect);
  if (encoding === undefined || isUnrestorable(type)) {
    throw payloadError('RDB_TYPE', `there is no type ${type} that could be restored`, 0);
  }
  const input = new RdbInput(0, false, options.maxStringBytes ?? 512 * 1024 * 1024);
  input.feed(payload.subarray(0, end));
  input.at = 1;
  try {
    return readWhole(input, type, dialect);
  } catch (cause) {
    if (!(cause instanceof RdbFault)) throw cause;
    throw payloadError(cause.code, cause.message, input.atomOffset, encoding, cause);
  }
}

function readWhole(input: RdbInput, type: number, dialect: Dialect): RdbValue {
  const partElements = Number.POSITIVE_INFINITY;
  const reading = readValue(input, { type, dialect, partElements, findsDuplicates: true, templates: new Map() });
  const { value, done } = reading.next();
  if (!done) throw new RdbFault('RDB_TRUNCATED', 'the payload ends inside its value');
  if (value === undefined) throw new RdbFault('RDB_STRUCTURE', 'the value has no elements');
  if (input.at !== input.limit) throw new RdbFault('RDB_PAYLOAD', 'there is something behind the value');
  return value;
}

function payloadError(
  code: RdbErrorCode,
  message: string,
  fileOffset: number,
  encoding?: string,
  cause?: RdbFault,
): RdbError {
  const doing = encoding === undefined ? 'start' : 'read-object-value';
  return new RdbError(code, message, { fileOffset, doing, encoding, hint: hintFor(code), cause });
}
