/** Strings as numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. */
import { isIntegerText, type StringValue, stringLength, stringText } from '@aof/keyspace';
import type { CommandContext } from '../context.ts';
import { addLongDouble, isLongDouble } from '../long-double.ts';
import { WRONG_TYPE, writeValue } from '../lookup.ts';
import { INCREMENT_NOT_FINITE, INCREMENT_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER } from '../replies.ts';
import { type CommandFlag, type CommandSpec, type Handler, keys } from '../spec.ts';

const DECREMENT_OVERFLOW = 'ERR decrement would overflow';
const INT64_BITS = 64;
const MIN_INT64 = -(2n ** 63n);
/** Digits and sign of the longest 64-bit integer. */
const INTEGER_MAX_CHARS = 20;
/** Texts of up to so many characters are safe integers, if integers at all. */
const PLAIN_CHARS = 15;
/** Redis reads no longer text as a float. */
const FLOAT_MAX_CHARS = 5 * 1024;
const MINUS = 45;
const ZERO = 48;

/** The integer that a value holds, or undefined. */
function integerOf(value: StringValue): number | bigint | undefined {
  const length = stringLength(value);
  if (length > INTEGER_MAX_CHARS) return undefined;
  const text = stringText(value);
  if (length <= PLAIN_CHARS) return shortInteger(text);
  return isIntegerText(text) ? BigInt(text) : undefined;
}

/** The same for a text of few characters: the common case of every counter. */
function shortInteger(text: string): number | undefined {
  const { length } = text;
  const first = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (first === length || (text.charCodeAt(first) === ZERO && length > 1)) return undefined;
  let magnitude = 0;
  for (let i = first; i < length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    magnitude = magnitude * 10 + digit;
  }
  return first === 0 ? magnitude : -magnitude;
}

/** The sum, or undefined if it leaves 64 bits. */
function add(a: number | bigint, b: number | bigint): number | bigint | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const exact = BigInt(a) + BigInt(b);
  return BigInt.asIntN(INT64_BITS, exact) === exact ? exact : undefined;
}

function incrementBy(ctx: CommandContext, key: string, amount: number | bigint): void {
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  const current = value === undefined ? 0 : integerOf(value);
  if (current === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  const sum = add(current, amount);
  if (sum === undefined) return ctx.reply.error(INCREMENT_OVERFLOW);
  ctx.db.setKeepTtl(key, String(sum));
  ctx.keyspace.dirty++;
  ctx.reply.integer(sum);
}

const incrby: Handler = (ctx, request) => {
  const amount = request.integer(2);
  if (amount === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  incrementBy(ctx, request.key(1), amount);
};

const decrby: Handler = (ctx, request) => {
  const amount = request.integer(2);
  if (amount === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  if (amount === MIN_INT64) return ctx.reply.error(DECREMENT_OVERFLOW);
  incrementBy(ctx, request.key(1), -amount);
};

const incrbyfloat: Handler = (ctx, request) => {
  const key = request.key(1);
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  if (value !== undefined && stringLength(value) > FLOAT_MAX_CHARS) return ctx.reply.error(NOT_A_FLOAT);
  const current = value === undefined ? '0' : stringText(value);
  const amount = request.latin1(2);
  if (!isLongDouble(current) || !isLongDouble(amount)) return ctx.reply.error(NOT_A_FLOAT);
  const sum = addLongDouble(current, amount);
  if (sum === undefined) return ctx.reply.error(INCREMENT_NOT_FINITE);
  ctx.db.setKeepTtl(key, sum);
  ctx.keyspace.dirty++;
  ctx.reply.bulk(sum);
  // The result, so that loading does not depend on how floats are added.
  ctx.propagate(['SET', key, sum, 'KEEPTTL']);
};

const FLAGS: readonly CommandFlag[] = ['write', 'denyoom', 'fast'];

function counter(name: string, arity: number, since: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity,
    flags: FLAGS,
    categories: ['string'],
    group: 'string',
    since,
    summary,
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler,
  };
}

export const stringNumberCommands: readonly CommandSpec[] = [
  counter('incr', 2, '1.0.0', 'Adds one to the integer that a key holds.', (ctx, request) =>
    incrementBy(ctx, request.key(1), 1),
  ),
  counter('decr', 2, '1.0.0', 'Takes one from the integer that a key holds.', (ctx, request) =>
    incrementBy(ctx, request.key(1), -1),
  ),
  counter('incrby', 3, '1.0.0', 'Adds an amount to the integer that a key holds.', incrby),
  counter('decrby', 3, '1.0.0', 'Takes an amount from the integer that a key holds.', decrby),
  counter('incrbyfloat', 3, '2.6.0', 'Adds an amount to the number that a key holds.', incrbyfloat),
];
