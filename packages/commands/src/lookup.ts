/**
 * Typed look-ups: from an argument that names a key to the value a handler works on.
 *
 * Every look-up answers the value, `undefined` if the key does not exist, or `WRONG_TYPE` after the error has been
 * written to the reply, so that a handler reads
 *
 *     const list = writeValue(ctx, request.key(1), 'list');
 *     if (list === WRONG_TYPE) return;
 *     if (list === undefined) { … }
 *
 * `read…` is for commands that change nothing. `write…` is required before a value is changed in place: it lets the
 * snapshot keep the old value. After the change the handler calls `ctx.db.touched(key)` and raises `ctx.keyspace.dirty`.
 */
import { type Database, type Key, type TypeName, typeName, type Value } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { DB_INDEX_OUT_OF_RANGE, NOT_AN_INTEGER, WRONG_TYPE_ERROR } from './replies.ts';

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const NOT_AN_INT = `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`;

/** The key holds a value of another type; the error reply has been written. */
export const WRONG_TYPE: unique symbol = Symbol('wrong type');
export type WrongType = typeof WRONG_TYPE;

/** The values of one type: `ValueOf<'string'>` is a latin1 string or a RawString. */
export type ValueOf<T extends TypeName> = T extends 'string'
  ? string | Extract<Value, { readonly type: 'string' }>
  : Extract<Value, { readonly type: T }>;

function hasType<T extends TypeName>(value: Value, type: T): value is ValueOf<T> & Value {
  return typeName(value) === type;
}

/** Narrows a value that was looked up otherwise; writes the error if it is of another type. */
export function checkType<T extends TypeName>(
  ctx: CommandContext,
  value: Value | undefined,
  type: T,
): ValueOf<T> | undefined | WrongType {
  if (value === undefined || hasType(value, type)) return value;
  ctx.reply.error(WRONG_TYPE_ERROR);
  return WRONG_TYPE;
}

/** The value to read from. */
export function readValue<T extends TypeName>(
  ctx: CommandContext,
  key: Key,
  type: T,
): ValueOf<T> | undefined | WrongType {
  return checkType(ctx, ctx.db.lookupRead(key), type);
}

/** The value to change in place, or to replace. */
export function writeValue<T extends TypeName>(
  ctx: CommandContext,
  key: Key,
  type: T,
): ValueOf<T> | undefined | WrongType {
  return checkType(ctx, ctx.db.lookupWrite(key), type);
}

/**
 * An integer argument for a count, an index or an offset. Integers beyond 2^53 are clamped to it: no real data set has
 * so many elements, so that nothing can tell the difference.
 *
 * @returns undefined after the error has been written
 */
export function readInteger(
  ctx: CommandContext,
  request: Request,
  index: number,
  error = NOT_AN_INTEGER,
): number | undefined {
  const value = request.integer(index);
  if (value === undefined) {
    ctx.reply.error(error);
    return undefined;
  }
  if (typeof value === 'number') return value;
  return value < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}

/** The database that argument `index` names; undefined after the error has been written. */
export function readDatabase(ctx: CommandContext, request: Request, index: number): Database | undefined {
  const number = request.integer(index);
  const error =
    number === undefined ? NOT_AN_INTEGER : number < INT_MIN || number > INT_MAX ? NOT_AN_INT : DB_INDEX_OUT_OF_RANGE;
  const db = ctx.keyspace.databases[Number(number ?? -1)];
  if (db === undefined) ctx.reply.error(error);
  return db;
}
