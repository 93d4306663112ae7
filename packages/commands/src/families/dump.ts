/**
 * DUMP and RESTORE: one value as a payload that carries the version of its format and a checksum. What a payload looks like
 * is the server's to know.
 */
import type { Request } from '@aof/resp-codec';
import type { CommandContext, RecordArgument } from '../context.ts';
import { type ExpireTime, expireTime, storedExpireMs } from '../expire-time.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { isPast } from './expire.ts';

const BUSY_KEY = 'BUSYKEY Target key name already exists.';
const INVALID_TTL = 'ERR Invalid TTL value, must be >= 0';
const INVALID_IDLE_TIME = 'ERR Invalid IDLETIME value, must be >= 0';
const INVALID_FREQUENCY = 'ERR Invalid FREQ value, must be >= 0 and <= 255';
const WRONG_PAYLOAD = 'ERR DUMP payload version or checksum are wrong';
const BAD_DATA = 'ERR Bad data format';
const NO_PAYLOADS = 'ERR this server has no form for DUMP payloads';

const FIRST_OPTION = 4;
const MAX_FREQUENCY = 255;

const dump: Handler = (ctx, request) => {
  const value = ctx.db.lookupRead(request.key(1));
  if (value === undefined) return ctx.reply.nullBulk();
  if (ctx.server.dump === undefined) return ctx.reply.error(NO_PAYLOADS);
  ctx.reply.bulk(ctx.server.dump(value));
};

interface RestoreOptions {
  replaces: boolean;
  isAbsolute: boolean;
  idleSec: number | undefined;
  frequency: number | undefined;
}

/** RESTORE's words, or the error. */
function readOptions(request: Request): RestoreOptions | string {
  const options: RestoreOptions = { replaces: false, isAbsolute: false, idleSec: undefined, frequency: undefined };
  for (let i = FIRST_OPTION; i < request.count; i++) {
    const hasNext = i + 1 < request.count;
    if (request.is(i, 'replace')) options.replaces = true;
    else if (request.is(i, 'absttl')) options.isAbsolute = true;
    else if (request.is(i, 'idletime') && hasNext && options.frequency === undefined) {
      const seconds = request.integer(++i);
      if (seconds === undefined) return NOT_AN_INTEGER;
      if (seconds < 0) return INVALID_IDLE_TIME;
      options.idleSec = Number(seconds);
    } else if (request.is(i, 'freq') && hasNext && options.idleSec === undefined) {
      const frequency = request.integer(++i);
      if (frequency === undefined) return NOT_AN_INTEGER;
      if (frequency < 0 || frequency > MAX_FREQUENCY) return INVALID_FREQUENCY;
      options.frequency = Number(frequency);
    } else return SYNTAX_ERROR;
  }
  return options;
}

/** The expiry in ms since the Unix epoch, undefined for none; or the error. */
function readExpiry(ctx: CommandContext, request: Request, isAbsolute: boolean): ExpireTime | undefined | string {
  const amount = request.integer(2);
  if (amount === undefined) return NOT_AN_INTEGER;
  if (amount < 0) return INVALID_TTL;
  if (amount === 0) return undefined;
  return expireTime(amount, 1, isAbsolute ? 0 : ctx.nowMs) ?? INVALID_TTL;
}

const restore: Handler = (ctx, request) => {
  const { db, reply, server } = ctx;
  const options = readOptions(request);
  if (typeof options === 'string') return reply.error(options);
  const key = request.key(1);
  if (!options.replaces && db.lookupWrite(key) !== undefined) return reply.error(BUSY_KEY);
  const expireAt = readExpiry(ctx, request, options.isAbsolute);
  if (typeof expireAt === 'string') return reply.error(expireAt);
  if (server.restore === undefined) return reply.error(NO_PAYLOADS);
  const restored = server.restore(request.bytes(3));
  if (restored === 'wrong-payload') return reply.error(WRONG_PAYLOAD);
  if (restored === 'bad-data') return reply.error(BAD_DATA);
  if (expireAt !== undefined && isPast(ctx, expireAt)) removeInstead(ctx, key);
  else {
    db.set(key, restored.value);
    if (expireAt !== undefined) {
      db.setExpire(key, storedExpireMs(expireAt));
      if (!options.isAbsolute) ctx.propagate(withAbsoluteExpiry(request, expireAt));
    }
    if (options.idleSec !== undefined) db.setIdle(key, options.idleSec);
    db.setFrequency(key, options.frequency);
    ctx.keyspace.dirty++;
  }
  reply.ok();
};

/** What is restored has expired already: all that happens is that what was there goes. */
function removeInstead(ctx: CommandContext, key: string): void {
  if (!ctx.db.remove(key)) return;
  ctx.keyspace.dirty++;
  ctx.propagate(['DEL', key]);
}

function withAbsoluteExpiry(request: Request, expireAt: ExpireTime): RecordArgument[] {
  const record: RecordArgument[] = [];
  for (let i = 0; i < request.count; i++) record.push(i === 2 ? String(expireAt) : request.bytes(i));
  record.push('ABSTTL');
  return record;
}

export const dumpCommands: readonly CommandSpec[] = [
  {
    name: 'dump',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace'],
    group: 'generic',
    since: '2.6.0',
    summary: 'Answers the value of a key as a payload for RESTORE.',
    complexity: 'O(N), N being the size of the value.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: dump,
  },
  {
    name: 'restore',
    arity: -4,
    flags: ['write', 'denyoom'],
    categories: ['keyspace', 'dangerous'],
    group: 'generic',
    since: '2.6.0',
    summary: 'Makes a key from a payload of DUMP.',
    complexity: 'O(N), N being the size of the value; O(N*log(N)) for sorted sets.',
    keySpecs: [keys('OW update')],
    handler: restore,
  },
];
