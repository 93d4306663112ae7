/**
 * HyperLogLogs: how many different elements were added, estimated from 12 KiB at most. They are string values in the
 * two forms of hyperloglog-sparse.ts and hyperloglog-dense.ts, and clients may read and write them as strings.
 */
import { RawString, type StringValue, stringByteAt, stringContent, stringLength, toRawString } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readValue, WRONG_TYPE, type WrongType, writeValue } from '../lookup.ts';
import { repeated } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import {
  CARDINALITY_INDEX,
  DENSE,
  DENSE_BYTES,
  denseRegisters,
  estimate,
  FORM_INDEX,
  HEADER_BYTES,
  MAGIC,
  packRegisters,
  placeOf,
  REGISTERS,
  raiseDense,
  SPARSE,
  STALE_BIT,
  STALE_INDEX,
} from './hyperloglog-dense.ts';
import { describeRuns, emptySparse, makeDense, raiseSparse, sparseRegisters } from './hyperloglog-sparse.ts';

const NOT_A_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
const CORRUPT = 'INVALIDOBJ Corrupted HLL object detected';
const NO_KEY = 'ERR The specified key does not exist';
const NOT_SPARSE = 'ERR HLL encoding is not sparse';

/** Bits of the counts that registers hold. */
const COUNTS = 64;
const CARDINALITY_BYTES = 8;

// Values ----------------------------------------------------------------------------------------------------------------

function isHyperLogLog(value: StringValue): boolean {
  if (stringLength(value) < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (stringByteAt(value, i) !== MAGIC.charCodeAt(i)) return false;
  const form = stringByteAt(value, FORM_INDEX);
  return form === SPARSE || (form === DENSE && stringLength(value) === DENSE_BYTES);
}

/** Passes on what a look-up found if it is a HyperLogLog or nothing; writes the error otherwise. */
function checked(ctx: CommandContext, value: StringValue | undefined | WrongType): StringValue | undefined | WrongType {
  if (value === undefined || value === WRONG_TYPE || isHyperLogLog(value)) return value;
  ctx.reply.error(NOT_A_HYPERLOGLOG);
  return WRONG_TYPE;
}

function isDense(value: StringValue): boolean {
  return stringByteAt(value, FORM_INDEX) === DENSE;
}

/** The registers, one byte each; undefined if the value is corrupt. */
function registersOf(value: StringValue): Uint8Array | undefined {
  const content = stringContent(value);
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return isDense(value) ? denseRegisters(bytes) : sparseRegisters(bytes);
}

function cardinalityOf(registers: Uint8Array): number | bigint {
  const histogram = new Uint32Array(COUNTS);
  for (let i = 0; i < REGISTERS; i++) histogram[registers[i]]++;
  return estimate(histogram);
}

function markStale(raw: RawString): void {
  raw.setByte(STALE_INDEX, (raw.at(STALE_INDEX) ?? 0) | STALE_BIT);
}

/** Raises a register, making the value dense where that must be; undefined if it is corrupt. */
function raise(ctx: CommandContext, raw: RawString, index: number, count: number): boolean | undefined {
  if (!isDense(raw)) {
    const outcome = raiseSparse(raw, index, count, ctx.server.config.values['hll-sparse-max-bytes']);
    if (outcome === 'corrupt') return undefined;
    if (outcome !== 'too-large') return outcome === 'raised';
    if (!makeDense(raw)) return undefined;
  }
  return raiseDense(raw, index, count);
}

/** After a change: `raw` is the value of `key`, whose value was `found`. */
function store(ctx: CommandContext, key: string, raw: RawString, found: StringValue | undefined): void {
  if (raw === found) ctx.db.touched(key);
  else ctx.db.setKeepTtl(key, raw);
}

// PFADD, PFCOUNT, PFMERGE -----------------------------------------------------------------------------------------------

const add: Handler = (ctx, request) => {
  const key = request.key(1);
  const found = checked(ctx, writeValue(ctx, key, 'string'));
  if (found === WRONG_TYPE) return;
  const raw = found === undefined ? RawString.of(emptySparse()) : toRawString(found);
  let raised = found === undefined ? 1 : 0;
  let isCorrupt = false;
  for (let i = 2; i < request.count && !isCorrupt; i++) {
    const place = placeOf(request.buffer, request.start(i), request.end(i));
    const outcome = raise(ctx, raw, place >> 6, place & (COUNTS - 1));
    if (outcome === undefined) isCorrupt = true;
    else if (outcome) raised++;
  }
  if (raised > 0) {
    markStale(raw);
    store(ctx, key, raw, found);
    ctx.keyspace.dirty += raised;
  }
  if (isCorrupt) ctx.reply.error(CORRUPT);
  else ctx.reply.integer(raised > 0 ? 1 : 0);
};

/** The larger count of each register of the values under the keys, and whether one of them is dense. */
interface Union {
  readonly registers: Uint8Array;
  readonly hasDense: boolean;
}

/** The union of all keys from argument 1 on; undefined after the error has been written. */
function readUnion(ctx: CommandContext, request: Request): Union | undefined {
  const registers = new Uint8Array(REGISTERS);
  let hasDense = false;
  for (let i = 1; i < request.count; i++) {
    const value = checked(ctx, readValue(ctx, request.key(i), 'string'));
    if (value === WRONG_TYPE) return undefined;
    if (value === undefined) continue;
    if (isDense(value)) hasDense = true;
    const others = registersOf(value);
    if (others === undefined) {
      ctx.reply.error(CORRUPT);
      return undefined;
    }
    for (let j = 0; j < REGISTERS; j++) if (others[j] > registers[j]) registers[j] = others[j];
  }
  return { registers, hasDense };
}

/** The cardinality that the value remembers, or undefined if it does not. */
function cachedCardinality(value: StringValue): number | bigint | undefined {
  if (((stringByteAt(value, STALE_INDEX) ?? 0) & STALE_BIT) !== 0) return undefined;
  let cardinality = 0n;
  for (let i = CARDINALITY_BYTES - 1; i >= 0; i--) {
    cardinality = (cardinality << 8n) | BigInt(stringByteAt(value, CARDINALITY_INDEX + i) ?? 0);
  }
  return cardinality;
}

const count: Handler = (ctx, request) => {
  const { reply } = ctx;
  if (request.count > 2) {
    const union = readUnion(ctx, request);
    if (union !== undefined) reply.integer(cardinalityOf(union.registers));
    return;
  }
  const key = request.key(1);
  const value = checked(ctx, readValue(ctx, key, 'string'));
  if (value === WRONG_TYPE) return;
  if (value === undefined) return reply.integer(0);
  const cached = cachedCardinality(value);
  if (cached !== undefined) return reply.integer(cached);
  const registers = registersOf(value);
  if (registers === undefined) return reply.error(CORRUPT);
  const cardinality = cardinalityOf(registers);
  // Remembering it changes the value: the command is logged although it only reads for its client.
  ctx.db.lookupWrite(key);
  const raw = toRawString(value);
  const bytes = new Uint8Array(CARDINALITY_BYTES);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(cardinality), true);
  raw.setRange(CARDINALITY_INDEX, bytes);
  store(ctx, key, raw, value);
  ctx.keyspace.dirty++;
  reply.integer(cardinality);
};

const merge: Handler = (ctx, request) => {
  const union = readUnion(ctx, request);
  if (union === undefined) return;
  const key = request.key(1);
  const found = writeValue(ctx, key, 'string');
  if (found === WRONG_TYPE) return;
  const raw = found === undefined ? RawString.of(emptySparse()) : toRawString(found);
  if (union.hasDense && !isDense(raw)) makeDense(raw);
  // The target's own registers are part of the union, so that in the dense form all can be written at once.
  for (let i = 0; i < REGISTERS && !isDense(raw); i++) {
    if (union.registers[i] > 0) raise(ctx, raw, i, union.registers[i]);
  }
  if (isDense(raw)) raw.setRange(HEADER_BYTES, packRegisters(union.registers));
  markStale(raw);
  store(ctx, key, raw, found);
  ctx.keyspace.dirty++;
  ctx.reply.ok();
};

// PFDEBUG, PFSELFTEST ---------------------------------------------------------------------------------------------------

const debug: Handler = (ctx, request) => {
  const { reply } = ctx;
  const key = request.key(2);
  const value = checked(ctx, writeValue(ctx, key, 'string'));
  if (value === WRONG_TYPE) return;
  if (value === undefined) return reply.error(NO_KEY);
  const wasDense = isDense(value);
  if (request.is(1, 'encoding')) return reply.simple(wasDense ? 'dense' : 'sparse');
  if (request.is(1, 'decode')) {
    return wasDense ? reply.error(NOT_SPARSE) : reply.bulk(describeRuns(toRawString(value).bytes));
  }
  const isAboutRegisters = request.is(1, 'getreg');
  if (!isAboutRegisters && !request.is(1, 'todense')) {
    return reply.error(`ERR Unknown PFDEBUG subcommand '${repeated(request.latin1(1))}'`);
  }
  const raw = toRawString(value);
  if (!wasDense) {
    if (!makeDense(raw)) return reply.error(CORRUPT);
    store(ctx, key, raw, value);
    ctx.keyspace.dirty++;
  }
  if (!isAboutRegisters) return reply.integer(wasDense ? 0 : 1);
  reply.array(REGISTERS);
  for (const register of denseRegisters(raw.bytes)) reply.integer(register);
};

const SELF_TEST_ELEMENTS = 10_000;
/** More than six times the standard error of 1.04 / sqrt(16384). */
const SELF_TEST_ERROR = 0.05;

/** Adds known elements to a sparse and a dense value: both must hold the same registers and estimate well. */
const selfTest: Handler = (ctx) => {
  const sparse = RawString.of(emptySparse());
  const dense = RawString.of(emptySparse());
  makeDense(dense);
  for (let i = 1; i <= SELF_TEST_ELEMENTS; i++) {
    const element = Buffer.from(String(i), 'latin1');
    const place = placeOf(element, 0, element.length);
    raise(ctx, sparse, place >> 6, place & (COUNTS - 1));
    raiseDense(dense, place >> 6, place & (COUNTS - 1));
  }
  const registers = registersOf(sparse);
  const isSame = registers !== undefined && Buffer.compare(registers, denseRegisters(dense.bytes)) === 0;
  const estimated = registers === undefined ? 0 : Number(cardinalityOf(registers));
  if (!isSame) ctx.reply.error('TESTFAILED sparse and dense registers differ');
  else if (Math.abs(estimated - SELF_TEST_ELEMENTS) > SELF_TEST_ELEMENTS * SELF_TEST_ERROR) {
    ctx.reply.error(`TESTFAILED ${estimated} instead of ${SELF_TEST_ELEMENTS}`);
  } else ctx.reply.ok();
};

const family = { categories: ['hyperloglog'], group: 'hyperloglog', since: '2.8.9' } as const;

export const hyperLogLogCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'pfadd',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Adds elements to a HyperLogLog, which is made if it does not exist.',
    complexity: 'O(1) for each element.',
    keySpecs: [keys('RW insert')],
    handler: add,
  },
  {
    ...family,
    name: 'pfcount',
    arity: -2,
    flags: ['readonly'],
    summary: 'Estimates how many different elements were added to HyperLogLogs together.',
    complexity: 'O(1) for one key, less where the answer is remembered; O(N) for N keys.',
    keySpecs: [
      {
        ...keys('RW access', 1, -1),
        notes: 'RW because it may change the internal representation of the key, and propagate to replicas',
      },
    ],
    handler: count,
  },
  {
    ...family,
    name: 'pfmerge',
    arity: -2,
    flags: ['write', 'denyoom'],
    summary: 'Adds to a HyperLogLog what was added to others.',
    complexity: 'O(N) for N keys.',
    keySpecs: [keys('RW access insert'), keys('RO access', 2, -1)],
    handler: merge,
  },
  {
    ...family,
    name: 'pfdebug',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    summary: 'Shows how a HyperLogLog is kept, or makes it dense.',
    complexity: 'N/A',
    keySpecs: [keys('RW access', 2)],
    handler: debug,
  },
  {
    ...family,
    name: 'pfselftest',
    arity: 1,
    flags: ['admin'],
    summary: 'Checks the code of HyperLogLogs.',
    complexity: 'N/A',
    handler: selfTest,
  },
];
