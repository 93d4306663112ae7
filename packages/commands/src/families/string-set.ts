/** Strings set with conditions and expiry: SET with its options, SETNX, SETEX, PSETEX, GETSET, GETEX, GETDEL. */
import { type StringValue, stringContent } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext, RecordArgument } from '../context.ts';
import { type ExpireTime, expireTime, storedExpireMs } from '../expire-time.ts';
import { readValue, WRONG_TYPE, type WrongType } from '../lookup.ts';
import { invalidExpireTime, NOT_AN_INTEGER, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { storedString, storeString } from '../stored-string.ts';
import { isPast } from './expire.ts';

/** How an expiry option counts: the unit, and whether from the epoch or from now. */
interface ExpiryForm {
  readonly unitMs: 1 | 1000;
  readonly isAbsolute: boolean;
}

const EX: ExpiryForm = { unitMs: 1000, isAbsolute: false };
const PX: ExpiryForm = { unitMs: 1, isAbsolute: false };
const EXAT: ExpiryForm = { unitMs: 1000, isAbsolute: true };
const PXAT: ExpiryForm = { unitMs: 1, isAbsolute: true };

interface Options {
  /** The expiry option and the argument of its amount. */
  expiry: ExpiryForm | undefined;
  expiryIndex: number;
  nx: boolean;
  xx: boolean;
  get: boolean;
  keepTtl: boolean;
  persist: boolean;
}

/** The expiry option that argument `i` is. */
function expiryForm(request: Request, i: number): ExpiryForm | undefined {
  if (request.is(i, 'ex')) return EX;
  if (request.is(i, 'px')) return PX;
  if (request.is(i, 'exat')) return EXAT;
  return request.is(i, 'pxat') ? PXAT : undefined;
}

/**
 * The options from argument `first` on; undefined after the error has been written. One kind of expiry excludes the
 * others, but may be repeated: the last amount counts.
 *
 * @param isSet SET has NX, XX, GET and KEEPTTL; GETEX has PERSIST
 */
function readOptions(ctx: CommandContext, request: Request, first: number, isSet: boolean): Options | undefined {
  const options: Options = {
    expiry: undefined,
    expiryIndex: 0,
    nx: false,
    xx: false,
    get: false,
    keepTtl: false,
    persist: false,
  };
  for (let i = first; i < request.count; i++) {
    const form = expiryForm(request, i);
    const isFree = !options.keepTtl && !options.persist && (options.expiry === undefined || options.expiry === form);
    if (form !== undefined && isFree && i + 1 < request.count) {
      options.expiry = form;
      options.expiryIndex = ++i;
    } else if (!isSet && request.is(i, 'persist') && options.expiry === undefined) options.persist = true;
    else if (isSet && request.is(i, 'nx') && !options.xx) options.nx = true;
    else if (isSet && request.is(i, 'xx') && !options.nx) options.xx = true;
    else if (isSet && request.is(i, 'get')) options.get = true;
    else if (isSet && request.is(i, 'keepttl') && options.expiry === undefined) options.keepTtl = true;
    else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return options;
}

/** The time that argument `index` gives; undefined after the error has been written. */
function readExpiry(
  ctx: CommandContext,
  request: Request,
  index: number,
  form: ExpiryForm,
  commandName: string,
): ExpireTime | undefined {
  const amount = request.integer(index);
  if (amount === undefined) {
    ctx.reply.error(NOT_AN_INTEGER);
    return undefined;
  }
  const time = amount > 0 ? expireTime(amount, form.unitMs, form.isAbsolute ? 0 : ctx.nowMs) : undefined;
  if (time === undefined) ctx.reply.error(invalidExpireTime(commandName));
  return time;
}

/** Replies with the old value; WRONG_TYPE after the error. */
function replyOldValue(ctx: CommandContext, key: string): StringValue | undefined | WrongType {
  const old = readValue(ctx, key, 'string');
  if (old === undefined) ctx.reply.nullBulk();
  else if (old !== WRONG_TYPE) ctx.reply.bulk(stringContent(old));
  return old;
}

/** Stores a value that expires and logs it with its absolute time. */
function setExpiring(ctx: CommandContext, request: Request, key: string, valueIndex: number, time: ExpireTime): void {
  storeString(ctx.db, request, 1, valueIndex);
  ctx.db.setExpire(key, storedExpireMs(time));
  // The request's bytes, not the value's: a later command of the same unit may change a value in place.
  ctx.propagate(['SET', key, request.bytes(valueIndex), 'PXAT', String(time)]);
}

/** SET with options. */
export const setWithOptions: Handler = (ctx, request) => {
  const options = readOptions(ctx, request, 3, true);
  if (options === undefined) return;
  const { expiry } = options;
  const time = expiry === undefined ? undefined : readExpiry(ctx, request, options.expiryIndex, expiry, 'set');
  if (expiry !== undefined && time === undefined) return;
  const key = request.key(1);
  if (options.get && replyOldValue(ctx, key) === WRONG_TYPE) return;
  if ((options.nx || options.xx) && (ctx.db.lookupWrite(key) !== undefined) === options.nx) {
    if (!options.get) ctx.reply.nullBulk();
    return;
  }
  if (time === undefined) {
    if (options.keepTtl) ctx.db.setKeepTtl(key, storedString(request, 2));
    else storeString(ctx.db, request, 1, 2);
    if (options.get) ctx.propagate(withoutGet(request));
  } else setExpiring(ctx, request, key, 2, time);
  ctx.keyspace.dirty++;
  if (!options.get) ctx.reply.ok();
};

function withoutGet(request: Request): RecordArgument[] {
  const record: RecordArgument[] = [];
  for (let i = 0; i < request.count; i++) if (i < 3 || !request.is(i, 'get')) record.push(request.bytes(i));
  return record;
}

const setnx: Handler = (ctx, request) => {
  const key = request.key(1);
  if (ctx.db.lookupWrite(key) !== undefined) return ctx.reply.integer(0);
  storeString(ctx.db, request, 1, 2);
  ctx.keyspace.dirty++;
  ctx.reply.integer(1);
};

function setex(name: string, form: ExpiryForm): Handler {
  return (ctx, request) => {
    const time = readExpiry(ctx, request, 2, form, name);
    if (time === undefined) return;
    setExpiring(ctx, request, request.key(1), 3, time);
    ctx.keyspace.dirty++;
    ctx.reply.ok();
  };
}

const getset: Handler = (ctx, request) => {
  const key = request.key(1);
  if (replyOldValue(ctx, key) === WRONG_TYPE) return;
  storeString(ctx.db, request, 1, 2);
  ctx.propagate(['SET', key, request.bytes(2)]);
  ctx.keyspace.dirty++;
};

const getdel: Handler = (ctx, request) => {
  const key = request.key(1);
  const old = replyOldValue(ctx, key);
  if (old === WRONG_TYPE || old === undefined) return;
  ctx.db.remove(key);
  ctx.propagate(['DEL', key]);
  ctx.keyspace.dirty++;
};

const getex: Handler = (ctx, request) => {
  const options = readOptions(ctx, request, 2, false);
  if (options === undefined) return;
  const { db, reply } = ctx;
  const key = request.key(1);
  const value = readValue(ctx, key, 'string');
  if (value === WRONG_TYPE) return;
  if (value === undefined) return reply.nullBulk();
  const { expiry } = options;
  const time = expiry === undefined ? undefined : readExpiry(ctx, request, options.expiryIndex, expiry, 'getex');
  if (expiry !== undefined && time === undefined) return;
  reply.bulk(stringContent(value));
  if (time === undefined) {
    if (!options.persist || !db.persist(key)) return;
    ctx.propagate(['PERSIST', key]);
  } else if (isPast(ctx, time)) {
    db.remove(key);
    ctx.propagate(['DEL', key]);
  } else {
    db.setExpire(key, storedExpireMs(time));
    ctx.propagate(['PEXPIREAT', key, String(time)]);
  }
  ctx.keyspace.dirty++;
};

export const stringSetCommands: readonly CommandSpec[] = [
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Sets the value of a key that does not exist.',
    complexity: 'O(1)',
    keySpecs: [keys('OW insert')],
    handler: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '2.0.0',
    summary: 'Sets the value of a key and after how many seconds it expires.',
    complexity: 'O(1)',
    keySpecs: [keys('OW update')],
    handler: setex('setex', EX),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    categories: ['string'],
    group: 'string',
    since: '2.6.0',
    summary: 'Sets the value of a key and after how many milliseconds it expires.',
    complexity: 'O(1)',
    keySpecs: [keys('OW update')],
    handler: setex('psetex', PX),
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '1.0.0',
    summary: 'Sets the value of a key and answers the old one.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access update')],
    handler: getset,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '6.2.0',
    summary: 'Answers the value of a key and removes it.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete')],
    handler: getdel,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    categories: ['string'],
    group: 'string',
    since: '6.2.0',
    summary: 'Answers the value of a key and changes when it expires.',
    complexity: 'O(1)',
    keySpecs: [{ ...keys('RW access update'), notes: 'RW and UPDATE because it changes the TTL' }],
    handler: getex,
  },
];
