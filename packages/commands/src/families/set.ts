/** Sets: distinct members without order. SPOP and SRANDMEMBER are in set-random.ts, SINTER and its like in set-algebra.ts. */
import { SetValue } from '@aof/keyspace';
import { textsFrom } from '../argument-texts.ts';
import { scanning } from '../collection-scan.ts';
import { checkType, readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { setAlgebraCommands } from './set-algebra.ts';
import { setRandomCommands } from './set-random.ts';

const add: Handler = (ctx, request) => {
  const key = request.key(1);
  const found = writeValue(ctx, key, 'set');
  if (found === WRONG_TYPE) return;
  const { thresholds } = ctx.keyspace;
  const given = request.count - 2;
  const set = found ?? SetValue.forMembers(request.latin1(2), given, thresholds);
  found?.expect(given, thresholds);
  const added =
    given > 1 ? set.addAll(textsFrom(request, 2), thresholds) : Number(set.add(request.latin1(2), thresholds));
  if (found === undefined) ctx.db.set(key, set);
  else if (added > 0) ctx.db.touched(key);
  ctx.keyspace.dirty += added;
  ctx.reply.integer(added);
};

const remove: Handler = (ctx, request) => {
  const key = request.key(1);
  const set = writeValue(ctx, key, 'set');
  if (set === WRONG_TYPE) return;
  if (set === undefined) return ctx.reply.integer(0);
  const removed = set.removeAll(textsFrom(request, 2));
  if (set.size === 0) ctx.db.remove(key);
  else if (removed > 0) ctx.db.touched(key);
  ctx.keyspace.dirty += removed;
  ctx.reply.integer(removed);
};

const move: Handler = (ctx, request) => {
  const { db, reply } = ctx;
  const [from, to] = [request.key(1), request.key(2)];
  // Both keys are looked up before either is judged: an expired destination goes even if there is no source.
  const found = db.lookupWrite(from);
  const target = db.lookupWrite(to);
  if (found === undefined) return reply.integer(0);
  const source = checkType(ctx, found, 'set');
  if (source === WRONG_TYPE || source === undefined) return;
  const typed = checkType(ctx, target, 'set');
  if (typed === WRONG_TYPE) return;
  const member = request.latin1(3);
  if (source === typed) return reply.integer(source.has(member) ? 1 : 0);
  if (!source.remove(member)) return reply.integer(0);
  if (source.size === 0) db.remove(from);
  else db.touched(from);
  const { thresholds } = ctx.keyspace;
  const destination = typed ?? SetValue.forMembers(member, 1, thresholds);
  const isNew = destination.add(member, thresholds);
  if (typed === undefined) db.set(to, destination);
  else if (isNew) db.touched(to);
  ctx.keyspace.dirty += isNew ? 2 : 1;
  reply.integer(1);
};

const isMember: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'set');
  if (set !== WRONG_TYPE) ctx.reply.integer(set?.has(request.latin1(2)) ? 1 : 0);
};

const areMembers: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'set');
  if (set === WRONG_TYPE) return;
  ctx.reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) ctx.reply.integer(set?.has(request.latin1(i)) ? 1 : 0);
};

const cardinality: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'set');
  if (set !== WRONG_TYPE) ctx.reply.integer(set?.size ?? 0);
};

const members: Handler = (ctx, request) => {
  const { reply } = ctx;
  const set = readValue(ctx, request.key(1), 'set');
  if (set === WRONG_TYPE) return;
  reply.set(set?.size ?? 0);
  set?.forEachTransient(
    (member) => reply.bulk(member),
    (bytes, start, end) => reply.bulkRange(bytes, start, end),
  );
};

const family = { categories: ['set'], group: 'set' } as const;

export const setCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.0.0',
    summary: 'Adds members to a set, which is made if it does not exist.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RW insert')],
    handler: add,
  },
  {
    ...family,
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    since: '1.0.0',
    summary: 'Removes members from a set, and the set with its last member.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RW delete')],
    handler: remove,
  },
  {
    ...family,
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    since: '1.0.0',
    summary: 'Moves a member from one set to another.',
    complexity: 'O(1)',
    keySpecs: [keys('RW access delete'), keys('RW insert', 2)],
    handler: move,
  },
  {
    ...family,
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Tells whether something is a member of a set.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: isMember,
  },
  {
    ...family,
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '6.2.0',
    summary: 'Tells of several things whether they are members of a set.',
    complexity: 'O(1) for each of them.',
    keySpecs: [keys('RO access')],
    handler: areMembers,
  },
  {
    ...family,
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Answers how many members a set has.',
    complexity: 'O(1)',
    keySpecs: [keys('RO')],
    handler: cardinality,
  },
  {
    ...family,
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Answers all members of a set.',
    complexity: 'O(N) where N is the number of members.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output_order'],
    handler: members,
  },
  {
    ...family,
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    since: '2.8.0',
    summary: 'Answers the members of a set in portions.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of members.',
    keySpecs: [keys('RO access')],
    tips: ['nondeterministic_output'],
    handler: scanning('set', (set, cursor, count, visit) => set.scan(cursor, count, visit)),
  },
  ...setRandomCommands,
  ...setAlgebraCommands,
];
