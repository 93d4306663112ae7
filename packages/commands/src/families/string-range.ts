/** Parts of strings: APPEND, STRLEN, GETRANGE, SUBSTR, SETRANGE. */
import { type Key, type RawString, type StringValue, stringLength, stringSlice, toRawString } from '@aof/keyspace';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { OFFSET_OUT_OF_RANGE, STRING_TOO_LONG } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { storedString } from '../stored-string.ts';
import { longestString } from '../string-limit.ts';

/** Whether a string may become so long; writes the error if not. */
function fits(ctx: CommandContext, byteLength: number): boolean {
  if (byteLength <= longestString(ctx)) return true;
  ctx.reply.error(STRING_TOO_LONG);
  return false;
}

/** Changes the string under `key` in place; a string that cannot change becomes one that can. */
function edit(ctx: CommandContext, key: Key, value: StringValue, change: (raw: RawString) => void): void {
  const raw = toRawString(value);
  change(raw);
  if (raw === value) ctx.db.touched(key);
  else ctx.db.setKeepTtl(key, raw);
  ctx.keyspace.dirty++;
}

const append: Handler = (ctx, request) => {
  const key = request.key(1);
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  if (value === undefined) {
    ctx.db.set(key, storedString(request, 2));
    ctx.keyspace.dirty++;
    return ctx.reply.integer(request.length(2));
  }
  const length = stringLength(value) + request.length(2);
  if (!fits(ctx, length)) return;
  edit(ctx, key, value, (raw) => raw.append(request.bytes(2)));
  ctx.reply.integer(length);
};

const strlen: Handler = (ctx, request) => {
  const value = readValue(ctx, request.key(1), 'string');
  if (value !== WRONG_TYPE) ctx.reply.integer(value === undefined ? 0 : stringLength(value));
};

const getrange: Handler = (ctx, request) => {
  const first = readInteger(ctx, request, 2);
  if (first === undefined) return;
  const last = readInteger(ctx, request, 3);
  if (last === undefined) return;
  const value = readValue(ctx, request.key(1), 'string');
  if (value === WRONG_TYPE) return;
  const length = value === undefined ? 0 : stringLength(value);
  const start = Math.max(0, first < 0 ? length + first : first);
  const end = Math.min(length - 1, Math.max(0, last < 0 ? length + last : last));
  const isReversed = first < 0 && last < 0 && first > last;
  if (value === undefined || isReversed || start > end) ctx.reply.bulk('');
  else ctx.reply.bulk(stringSlice(value, start, end + 1));
};

const setrange: Handler = (ctx, request) => {
  const offset = readInteger(ctx, request, 2);
  if (offset === undefined) return;
  if (offset < 0) return ctx.reply.error(OFFSET_OUT_OF_RANGE);
  const key = request.key(1);
  const value = writeValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  const length = value === undefined ? 0 : stringLength(value);
  const added = request.length(3);
  if (added === 0) return ctx.reply.integer(length);
  if (!fits(ctx, offset + added)) return;
  edit(ctx, key, value ?? '', (raw) => raw.setRange(offset, request.bytes(3)));
  ctx.reply.integer(Math.max(length, offset + added));
};

const SLICE_COMPLEXITY = 'O(N) where N is the length of the returned string.';

export const stringRangeCommands: readonly CommandSpec[] = [
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '2.0.0',
    summary: 'Adds bytes to the end of the value of a key.',
    complexity: 'O(1) amortized, for a short piece.',
    keySpecs: [keys('RW insert')],
    handler: append,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '2.2.0',
    summary: 'Answers how many bytes the value of a key has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: strlen,
  },
  {
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    categories: ['string'],
    group: 'string',
    since: '2.4.0',
    summary: 'Answers a part of the value of a key.',
    complexity: SLICE_COMPLEXITY,
    keySpecs: [keys('RO access')],
    handler: getrange,
  },
  {
    name: 'substr',
    arity: 4,
    flags: ['readonly'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Answers a part of the value of a key; the old name of GETRANGE.',
    complexity: SLICE_COMPLEXITY,
    keySpecs: [keys('RO access')],
    handler: getrange,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '2.2.0',
    summary: 'Overwrites a part of the value of a key.',
    complexity: 'O(M) with M being the length of the new bytes, and the padding before them.',
    keySpecs: [keys('RW update')],
    handler: setrange,
  },
];
