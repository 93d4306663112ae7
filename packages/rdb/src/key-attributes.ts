/**
 * What stands before a key: when it expires, and how it was used. Opcodes in any order, each with its number.
 *
 *     EXPIRE_MS int64 | EXPIRE_SEC int32 | IDLE length (seconds) | FREQUENCY byte
 *
 * Source: Redis rdb.c, rdbLoadRioWithLoadingCtx.
 */

import { RdbFault } from './errors.ts';
import { OPCODE_EXPIRE_MS, OPCODE_EXPIRE_SEC, OPCODE_FREQUENCY, OPCODE_IDLE } from './format.ts';
import type { RdbInput } from './input.ts';

const NEVER = -1;

export interface KeyAttributes {
  /** ms since the Unix epoch; -1: never. */
  expireAtMs: number;
  /** Seconds since it was used, where the server counted them (an LRU policy). */
  idleSec: number | undefined;
  /** 0–255, logarithmic, where the server counted it (an LFU policy). */
  frequency: number | undefined;
}

/** Those of a key that has none. */
export function noAttributes(): KeyAttributes {
  return { expireAtMs: NEVER, idleSec: undefined, frequency: undefined };
}

/** What most keys have. */
export const NO_ATTRIBUTES: Readonly<KeyAttributes> = noAttributes();

export function isAttribute(opcode: number): boolean {
  return isExpiry(opcode) || opcode === OPCODE_IDLE || opcode === OPCODE_FREQUENCY;
}

export function isExpiry(opcode: number): boolean {
  return opcode === OPCODE_EXPIRE_MS || opcode === OPCODE_EXPIRE_SEC;
}

/**
 * Reads the number of an attribute; false, with nothing read, if it is not there yet.
 *
 * @throws RdbFault RDB_LENGTH
 */
export function readAttribute(input: RdbInput, opcode: number, attributes: KeyAttributes): boolean {
  let value: number | undefined;
  switch (opcode) {
    case OPCODE_EXPIRE_MS:
      value = input.int64();
      if (value !== undefined) attributes.expireAtMs = value;
      break;
    case OPCODE_EXPIRE_SEC:
      value = input.int32();
      if (value !== undefined) attributes.expireAtMs = 1000 * value;
      break;
    case OPCODE_IDLE:
      value = input.length();
      if (value !== undefined) attributes.idleSec = value;
      break;
    default:
      value = input.byte();
      if (value !== undefined) attributes.frequency = value;
  }
  return value !== undefined;
}

/** Reads all that stands before a key; false if that is not all there, or wrong. */
export function tryAttributes(input: RdbInput, attributes: KeyAttributes): boolean {
  attributes.expireAtMs = NEVER;
  attributes.idleSec = undefined;
  attributes.frequency = undefined;
  try {
    while (input.at < input.limit && isAttribute(input.bytes[input.at])) {
      const opcode = input.bytes[input.at++];
      if (!readAttribute(input, opcode, attributes)) return false;
    }
    return true;
  } catch (cause) {
    if (!(cause instanceof RdbFault)) throw cause;
    return false;
  }
}
