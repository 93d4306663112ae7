/**
 * BITFIELD: integers of 1 to 64 bits anywhere in a string, highest bit first, read, set and increased, with a choice of
 * what happens when one overflows. Signed ones have up to 64 bits, unsigned ones up to 63.
 */
import { type RawString, type StringValue, stringByteAt, stringLength, toRawString } from '@aof/keyspace';
import { Request } from '@aof/resp-codec';
import { readBitOffset } from '../bit-offset.ts';
import type { CommandContext } from '../context.ts';
import { readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys, variableKey } from '../spec.ts';

const BAD_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';
const BAD_OVERFLOW = 'ERR Invalid OVERFLOW type specified';
const ONLY_GET = 'ERR BITFIELD_RO only supports the GET subcommand';

const SIGNED_MAX_BITS = 64;
const UNSIGNED_MAX_BITS = 63;

interface FieldType {
  readonly isSigned: boolean;
  readonly bits: number;
}

const OVERFLOWS = ['wrap', 'sat', 'fail'] as const;
type Overflow = (typeof OVERFLOWS)[number];
const WORDS = ['get', 'set', 'incrby'] as const;

interface FieldOperation {
  readonly word: (typeof WORDS)[number];
  readonly type: FieldType;
  /** Bits from the beginning of the string. */
  readonly offset: number;
  /** What SET sets and INCRBY adds, a signed 64-bit integer. */
  readonly operand: bigint;
  readonly overflow: Overflow;
}

// Reading the arguments -------------------------------------------------------------------------------------------------

function failed(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

function readType(ctx: CommandContext, request: Request, index: number): FieldType | undefined {
  const text = request.latin1(index);
  const isSigned = text.startsWith('i');
  const bits = isSigned || text.startsWith('u') ? Request.of([text.slice(1)]).integer(0) : undefined;
  if (typeof bits !== 'number' || bits < 1 || bits > (isSigned ? SIGNED_MAX_BITS : UNSIGNED_MAX_BITS)) {
    return failed(ctx, BAD_TYPE);
  }
  return { isSigned, bits };
}

/** All operations in order; undefined after the error has been written. */
function readOperations(ctx: CommandContext, request: Request): FieldOperation[] | undefined {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'wrap';
  for (let i = 2; i < request.count; i++) {
    const left = request.count - i - 1;
    if (left >= 1 && request.is(i, 'overflow')) {
      const at = ++i;
      const named = OVERFLOWS.find((word) => request.is(at, word));
      if (named === undefined) return failed(ctx, BAD_OVERFLOW);
      overflow = named;
      continue;
    }
    const at = i;
    const word = WORDS.find((name) => request.is(at, name));
    if (word === undefined || left < (word === 'get' ? 2 : 3)) return failed(ctx, SYNTAX_ERROR);
    const type = readType(ctx, request, i + 1);
    if (type === undefined) return undefined;
    const offset = readBitOffset(ctx, request, i + 2, type.bits);
    if (offset === undefined) return undefined;
    const operand = word === 'get' ? 0 : request.integer(i + 3);
    if (operand === undefined) return failed(ctx, NOT_AN_INTEGER);
    operations.push({ word, type, offset, operand: BigInt(operand), overflow });
    i += word === 'get' ? 2 : 3;
  }
  return operations;
}

// Fields in a string ----------------------------------------------------------------------------------------------------

/** The field's bits as an integer; beyond its end the string is zeros. */
function readField(value: StringValue, offset: number, { isSigned, bits }: FieldType): bigint {
  const first = Math.floor(offset / 8);
  const last = Math.floor((offset + bits - 1) / 8);
  let all = 0n;
  for (let i = first; i <= last; i++) all = (all << 8n) | BigInt(stringByteAt(value, i) ?? 0);
  all >>= BigInt((last + 1) * 8 - offset - bits);
  return isSigned ? BigInt.asIntN(bits, all) : BigInt.asUintN(bits, all);
}

/** Writes the lowest bits of `field`. */
function writeField(raw: RawString, offset: number, bits: number, field: bigint): void {
  const first = Math.floor(offset / 8);
  const last = Math.floor((offset + bits - 1) / 8);
  const shift = BigInt((last + 1) * 8 - offset - bits);
  let mask = ((1n << BigInt(bits)) - 1n) << shift;
  let rest = BigInt.asUintN(bits, field) << shift;
  for (let i = last; i >= first; i--) {
    const kept = (raw.at(i) ?? 0) & ~Number(mask & 0xffn);
    raw.setByte(i, kept | Number(rest & 0xffn));
    mask >>= 8n;
    rest >>= 8n;
  }
}

// Overflow --------------------------------------------------------------------------------------------------------------

/** What is stored for `value + increment`, or undefined if it overflows and must not. */
type Fit = (value: bigint, increment: bigint, bits: number, overflow: Overflow) => bigint | undefined;

const fitUnsigned: Fit = (value, increment, bits, overflow) => {
  const max = (1n << BigInt(bits)) - 1n;
  const sum = value + increment;
  if (sum >= 0n && sum <= max && value <= max) return sum;
  if (overflow === 'wrap') return BigInt.asUintN(bits, sum);
  if (overflow === 'fail') return undefined;
  return value > max || increment > 0n ? max : 0n;
};

const fitSigned: Fit = (value, increment, bits, overflow) => {
  const max = (1n << BigInt(bits - 1)) - 1n;
  const min = -max - 1n;
  // In 64 bits, as Redis does: of a very low number this wraps around, and counts as too high.
  const maxIncrement = BigInt.asIntN(SIGNED_MAX_BITS, max - value);
  const isNarrow = bits < SIGNED_MAX_BITS;
  const isAbove = value > max || ((isNarrow || (value >= 0n && increment > 0n)) && increment > maxIncrement);
  if (!isAbove && value + increment >= min) return value + increment;
  if (overflow === 'wrap') return BigInt.asIntN(bits, value + increment);
  if (overflow === 'fail') return undefined;
  return isAbove ? max : min;
};

/** Runs SET or INCRBY on `raw` and answers; true if the field has another value now. */
function change(ctx: CommandContext, raw: RawString, operation: FieldOperation): 'refused' | 'same' | 'changed' {
  const { word, type, offset, operand, overflow } = operation;
  const old = readField(raw, offset, type);
  const fit = type.isSigned ? fitSigned : fitUnsigned;
  // A negative number set to an unsigned field is the large one of the same 64 bits.
  const given = type.isSigned ? operand : BigInt.asUintN(64, operand);
  const field = word === 'set' ? fit(given, 0n, type.bits, overflow) : fit(old, operand, type.bits, overflow);
  if (field === undefined) {
    ctx.reply.nullBulk();
    return 'refused';
  }
  ctx.reply.integer(word === 'set' ? old : field);
  writeField(raw, offset, type.bits, field);
  return field === old ? 'same' : 'changed';
}

// The commands ----------------------------------------------------------------------------------------------------------

function answerReads(ctx: CommandContext, request: Request, operations: readonly FieldOperation[]): void {
  const value = readValue(ctx, request.key(1), 'string');
  if (value === WRONG_TYPE) return;
  ctx.reply.array(operations.length);
  for (const { offset, type } of operations) ctx.reply.integer(readField(value ?? '', offset, type));
}

const bitfield: Handler = (ctx, request) => {
  const operations = readOperations(ctx, request);
  if (operations === undefined) return;
  const writes = operations.filter(({ word }) => word !== 'get');
  if (writes.length === 0) return answerReads(ctx, request, operations);
  const key = request.key(1);
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  const oldLength = value === undefined ? 0 : stringLength(value);
  const wantedLength = writes.reduce((length, { offset, type }) => {
    return Math.max(length, Math.floor((offset + type.bits - 1) / 8) + 1);
  }, oldLength);
  const raw = toRawString(value ?? '');
  if (wantedLength > oldLength) raw.resize(wantedLength);
  let changes = 0;
  ctx.reply.array(operations.length);
  for (const operation of operations) {
    if (operation.word === 'get') {
      ctx.reply.integer(readField(raw, operation.offset, operation.type));
      continue;
    }
    const outcome = change(ctx, raw, operation);
    // A string that has grown has changed with the first thing written to it.
    if (outcome === 'changed' || (outcome === 'same' && wantedLength > oldLength)) changes++;
  }
  if (changes === 0) {
    if (raw === value) raw.resize(oldLength);
    return;
  }
  if (raw === value) ctx.db.touched(key);
  else ctx.db.setKeepTtl(key, raw);
  ctx.keyspace.dirty += changes;
};

const bitfieldReadOnly: Handler = (ctx, request) => {
  const operations = readOperations(ctx, request);
  if (operations === undefined) return;
  if (operations.some(({ word }) => word !== 'get')) return ctx.reply.error(ONLY_GET);
  answerReads(ctx, request, operations);
};

/** Whether all is well formed and nothing but GET and OVERFLOW. */
function onlyReads(request: Request): boolean {
  let i = 2;
  while (i < request.count) {
    if (request.is(i, 'get') && i + 2 < request.count) i += 3;
    else if (request.is(i, 'overflow') && i + 1 < request.count) i += 2;
    else return false;
  }
  return true;
}

const family = { categories: ['bitmap'], group: 'bitmap', arity: -2, complexity: 'O(1) for each operation.' } as const;

export const bitfieldCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'bitfield',
    flags: ['write', 'denyoom'],
    since: '3.2.0',
    summary: 'Reads, sets and increases integers of any width in a string.',
    keySpecs: [
      {
        ...keys('RW access update variable_flags'),
        notes: 'This command allows both access and modification of the key',
      },
    ],
    getKeys: (request) => [variableKey(onlyReads(request) ? 'RO access' : 'RW access update')],
    handler: bitfield,
  },
  {
    ...family,
    name: 'bitfield_ro',
    flags: ['readonly', 'fast'],
    since: '6.0.0',
    summary: 'Reads integers of any width in a string.',
    keySpecs: [keys('RO access')],
    handler: bitfieldReadOnly,
  },
];
