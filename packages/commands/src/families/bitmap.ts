/**
 * Bitmaps: strings as arrays of bits. Bit 0 is the highest bit of the first byte. Integers of any width, BITFIELD, are
 * in bitfield.ts.
 */
import { RawString, type StringValue, stringByteAt, stringContent, stringLength, toRawString } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import { readBitOffset } from '../bit-offset.ts';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { bitfieldCommands } from './bitfield.ts';

const NOT_A_BIT = 'ERR bit is not an integer or out of range';
const BIT_NOT_0_OR_1 = 'ERR The bit argument must be 1 or 0.';
const NOT_OF_SEVERAL = 'ERR BITOP NOT must be called with a single source key.';

const ONES_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
const BYTES_PER_WORD = 4;

function bitAt(value: StringValue, offset: number): number {
  const byte = stringByteAt(value, Math.floor(offset / 8)) ?? 0;
  return (byte >> (7 - (offset % 8))) & 1;
}

const setBit: Handler = (ctx, request) => {
  const offset = readBitOffset(ctx, request, 2);
  if (offset === undefined) return;
  const bit = request.integer(3);
  if (bit !== 0 && bit !== 1) return ctx.reply.error(NOT_A_BIT);
  const key = request.key(1);
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  const index = Math.floor(offset / 8);
  const old = value === undefined ? 0 : bitAt(value, offset);
  // A string that grows has changed, even by zeros.
  if (value === undefined || index >= stringLength(value) || old !== bit) {
    const raw = toRawString(value ?? '');
    const mask = 0x80 >> (offset % 8);
    const byte = raw.at(index) ?? 0;
    raw.setByte(index, bit === 1 ? byte | mask : byte & ~mask);
    if (raw === value) ctx.db.touched(key);
    else ctx.db.setKeepTtl(key, raw);
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(old);
};

const getBit: Handler = (ctx, request) => {
  const offset = readBitOffset(ctx, request, 2);
  if (offset === undefined) return;
  const value = readValue(ctx, request.key(1), 'string');
  if (value !== WRONG_TYPE) ctx.reply.integer(value === undefined ? 0 : bitAt(value, offset));
};

// Ranges ----------------------------------------------------------------------------------------------------------------

/** Bits from `start` to `end`, exclusive. */
interface BitRange {
  readonly start: number;
  readonly end: number;
}

const EMPTY_RANGE: BitRange = { start: 0, end: 0 };

/** Whether argument `index`, if it is there, counts in bits; undefined after the error has been written. */
function readUnit(ctx: CommandContext, request: Request, index: number): boolean | undefined {
  if (index >= request.count || request.is(index, 'byte')) return false;
  if (request.is(index, 'bit')) return true;
  ctx.reply.error(SYNTAX_ERROR);
  return undefined;
}

/** The range from `first` to `last`, which count from the end where they are negative, in a string of so many bytes. */
function rangeOf(byteLength: number, first: number, last: number, isInBits: boolean): BitRange {
  const scale = isInBits ? 1 : 8;
  const total = isInBits ? byteLength * 8 : byteLength;
  const start = Math.max(0, first < 0 ? total + first : first);
  const end = Math.min(total - 1, Math.max(0, last < 0 ? total + last : last));
  return start > end ? EMPTY_RANGE : { start: start * scale, end: (end + 1) * scale };
}

/** The bits of byte `index` of the string, inverted if asked for, that lie within the range; the others are 0. */
function byteWithin(value: StringValue, index: number, { start, end }: BitRange, invert = 0): number {
  let mask = 0xff;
  if (start > index * 8) mask &= 0xff >> (start - index * 8);
  if (end < index * 8 + 8) mask &= 0xff << (index * 8 + 8 - end);
  return ((stringByteAt(value, index) ?? 0) ^ invert) & mask;
}

// Counting --------------------------------------------------------------------------------------------------------------

/** Set bits of whole bytes from `start` to `end`, exclusive. */
function countBytes(value: StringValue, start: number, end: number): number {
  let count = 0;
  if (typeof value === 'string') {
    for (let i = start; i < end; i++) count += ONES_IN_BYTE[value.charCodeAt(i)];
    return count;
  }
  const { bytes } = value;
  let at = start;
  for (; at < end && (bytes.byteOffset + at) % BYTES_PER_WORD !== 0; at++) count += ONES_IN_BYTE[bytes[at]];
  if (at < end) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, Math.floor((end - at) / BYTES_PER_WORD));
    for (let i = 0; i < words.length; i++) count += onesInWord(words[i]);
    at += words.byteLength;
  }
  for (; at < end; at++) count += ONES_IN_BYTE[bytes[at]];
  return count;
}

function onesInWord(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function countBits(value: StringValue, range: BitRange): number {
  if (range.start >= range.end) return 0;
  const first = Math.floor(range.start / 8);
  const last = Math.floor((range.end - 1) / 8);
  const edges = ONES_IN_BYTE[byteWithin(value, first, range)];
  if (first === last) return edges;
  return edges + ONES_IN_BYTE[byteWithin(value, last, range)] + countBytes(value, first + 1, last);
}

const bitCount: Handler = (ctx, request) => {
  const { reply } = ctx;
  const value = readValue(ctx, request.key(1), 'string');
  if (value === WRONG_TYPE) return;
  if (value === undefined) return reply.integer(0);
  if (request.count === 2) return reply.integer(countBytes(value, 0, stringLength(value)));
  if (request.count !== 4 && request.count !== 5) return reply.error(SYNTAX_ERROR);
  const first = readInteger(ctx, request, 2);
  if (first === undefined) return;
  const last = readInteger(ctx, request, 3);
  if (last === undefined) return;
  if (first < 0 && last < 0 && first > last) return reply.integer(0);
  const isInBits = readUnit(ctx, request, 4);
  if (isInBits === undefined) return;
  reply.integer(countBits(value, rangeOf(stringLength(value), first, last, isInBits)));
};

// Searching -------------------------------------------------------------------------------------------------------------

/** The first bit of the range that is `bit`, or -1. */
function findBit(value: StringValue, bit: number, range: BitRange): number {
  if (range.start >= range.end) return -1;
  const invert = bit === 1 ? 0 : 0xff;
  const end = Math.ceil(range.end / 8);
  for (let index = Math.floor(range.start / 8); index < end; index++) {
    if (stringByteAt(value, index) === invert) continue;
    const found = byteWithin(value, index, range, invert);
    if (found !== 0) return index * 8 + Math.clz32(found) - 24;
  }
  return -1;
}

const bitPosition: Handler = (ctx, request) => {
  const { reply } = ctx;
  const bit = readInteger(ctx, request, 2);
  if (bit === undefined) return;
  if (bit !== 0 && bit !== 1) return reply.error(BIT_NOT_0_OR_1);
  const value = readValue(ctx, request.key(1), 'string');
  if (value === WRONG_TYPE) return;
  if (value === undefined) return reply.integer(bit === 1 ? -1 : 0);
  if (request.count > 6) return reply.error(SYNTAX_ERROR);
  const first = request.count > 3 ? readInteger(ctx, request, 3) : 0;
  if (first === undefined) return;
  const isInBits = readUnit(ctx, request, 5);
  if (isInBits === undefined) return;
  const last = request.count > 4 ? readInteger(ctx, request, 4) : -1;
  if (last === undefined) return;
  const length = stringLength(value);
  const range = rangeOf(length, first, last, isInBits);
  const position = findBit(value, bit, range);
  // Without an end the string goes on with zeros; but not where there is nothing of it to look at.
  const isOpen = bit === 0 && request.count <= 4 && range.start < range.end;
  reply.integer(position < 0 && isOpen ? length * 8 : position);
};

// Combining -------------------------------------------------------------------------------------------------------------

type BitOperation = 'and' | 'or' | 'xor' | 'not';
const OPERATIONS: readonly BitOperation[] = ['and', 'or', 'xor', 'not'];

/** Bytes as 32-bit words, as far as they fill some; what `bytes` begins at must be aligned. */
function wordsOf(bytes: Uint8Array, byteLength: number): Uint32Array | undefined {
  if (bytes.byteOffset % BYTES_PER_WORD !== 0) return undefined;
  return new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(byteLength / BYTES_PER_WORD));
}

/** `result = result op source`, element by element; both views have the same length. */
function combine(operation: BitOperation, result: Uint8Array | Uint32Array, source: Uint8Array | Uint32Array): void {
  const { length } = source;
  if (operation === 'and') for (let i = 0; i < length; i++) result[i] &= source[i];
  else if (operation === 'or') for (let i = 0; i < length; i++) result[i] |= source[i];
  else if (operation === 'xor') for (let i = 0; i < length; i++) result[i] ^= source[i];
  else for (let i = 0; i < length; i++) result[i] = ~source[i];
}

/** Combines all of `source`, which is not longer than `result`; beyond its end it is zeros. */
function combineAll(operation: BitOperation, result: Uint8Array, source: Uint8Array): void {
  const resultWords = wordsOf(result, source.length);
  const sourceWords = wordsOf(source, source.length);
  let done = 0;
  if (resultWords !== undefined && sourceWords !== undefined) {
    combine(operation, resultWords, sourceWords);
    done = sourceWords.byteLength;
  }
  combine(operation, result.subarray(done, source.length), source.subarray(done));
  if (operation === 'and') result.fill(0, source.length);
}

function bytesOf(value: StringValue): Uint8Array {
  const content = stringContent(value);
  return typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
}

const bitOperation: Handler = (ctx, request) => {
  const { db, reply } = ctx;
  const operation = OPERATIONS.find((name) => request.is(1, name));
  if (operation === undefined) return reply.error(SYNTAX_ERROR);
  if (operation === 'not' && request.count !== 4) return reply.error(NOT_OF_SEVERAL);
  const sources: Uint8Array[] = [];
  for (let i = 3; i < request.count; i++) {
    const value = readValue(ctx, request.key(i), 'string');
    if (value === WRONG_TYPE) return;
    sources.push(bytesOf(value ?? ''));
  }
  const length = sources.reduce((longest, source) => Math.max(longest, source.length), 0);
  const target = request.key(2);
  if (length > 0) {
    const result = RawString.of('');
    result.resize(length);
    const { bytes } = result;
    if (operation === 'not') combineAll('not', bytes, sources[0]);
    else bytes.set(sources[0]);
    for (let i = 1; i < sources.length; i++) combineAll(operation, bytes, sources[i]);
    db.set(target, result);
    ctx.keyspace.dirty++;
  } else if (db.remove(target)) {
    ctx.keyspace.dirty++;
  }
  reply.integer(length);
};

const family = { categories: ['bitmap'], group: 'bitmap' } as const;

export const bitmapCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '2.2.0',
    summary: 'Sets a bit of a string, which grows to it; answers what the bit was.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler: setBit,
  },
  {
    ...family,
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.2.0',
    summary: 'Answers a bit of a string.',
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    handler: getBit,
  },
  {
    ...family,
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    since: '2.6.0',
    summary: 'Counts the bits of a string that are set.',
    complexity: 'O(N) where N is the number of bytes looked at.',
    keySpecs: [keys('RO access')],
    handler: bitCount,
  },
  {
    ...family,
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    since: '2.8.7',
    summary: 'Finds the first bit of a string that is set, or that is not.',
    complexity: 'O(N) where N is the number of bytes looked at.',
    keySpecs: [keys('RO access')],
    handler: bitPosition,
  },
  {
    ...family,
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    since: '2.6.0',
    summary: 'Stores strings combined bit by bit.',
    complexity: 'O(N) where N is the length of all strings together.',
    keySpecs: [keys('OW update', 2), keys('RO access', 3, -1)],
    handler: bitOperation,
  },
  ...bitfieldCommands,
];
