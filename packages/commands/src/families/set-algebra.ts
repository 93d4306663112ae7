/** Intersection, union and difference of sets: answered, counted or stored. */
import { type MemberBytesVisitor, SetValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE } from '../lookup.ts';
import { LIMIT_NEGATIVE, NUMKEYS_NOT_POSITIVE, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, countedKeys, type Handler, keys } from '../spec.ts';

const TOO_MANY_KEYS = "ERR Number of keys can't be greater than number of args";

/** Members of a result that is stored are added so many at a time: more than a small form has, unless CONFIG SET says otherwise. */
const GATHERED = 1024;

/** Undefined where there is none. */
type Sets = readonly (SetValue | undefined)[];

/** The sets at the keys `from` to `to` (exclusive); undefined after an error was written. */
function readSets(ctx: CommandContext, request: Request, from: number, to: number): Sets | undefined {
  const sets: (SetValue | undefined)[] = [];
  for (let i = from; i < to; i++) {
    const set = readValue(ctx, request.key(i), 'set');
    if (set === WRONG_TYPE) return undefined;
    sets.push(set);
  }
  return sets;
}

/** The smallest first, so that as little as possible is looked at; empty if any set is missing. */
function forIntersection(sets: Sets): SetValue[] {
  const present = sets.filter((set) => set !== undefined);
  return present.length < sets.length ? [] : present.sort((a, b) => a.size - b.size);
}

function isInAll(member: string, sets: readonly SetValue[]): boolean {
  for (let i = 1; i < sets.length; i++) if (sets[i] !== sets[0] && !sets[i].has(member)) return false;
  return true;
}

/** The same of the member that is the bytes `start` to `end` (exclusive). */
function bytesAreInAll(bytes: Uint8Array, start: number, end: number, sets: readonly SetValue[]): boolean {
  for (let i = 1; i < sets.length; i++) {
    if (sets[i] !== sets[0] && !sets[i].hasBytes(bytes, start, end)) return false;
  }
  return true;
}

/** Calls `visit` for each member of a result, or `visitBytes`, if there is one, with what lies as bytes. */
type ForEachMember = (visit: (member: string) => void, visitBytes?: MemberBytesVisitor) => void;

/** The members that all sets have. @param mayBeStored otherwise the strings are for replies only, which costs less */
function intersection(found: Sets, mayBeStored: boolean): ForEachMember {
  const sets = forIntersection(found);
  const [smallest] = sets;
  if (smallest === undefined) return () => {};
  return (visit, visitBytes) => {
    const visitCommon = (member: string): void => {
      if (isInAll(member, sets)) visit(member);
    };
    const visitCommonBytes: MemberBytesVisitor | undefined =
      visitBytes &&
      ((bytes, start, end) => {
        if (bytesAreInAll(bytes, start, end, sets)) visitBytes(bytes, start, end);
      });
    if (mayBeStored) smallest.forEach(visitCommon, visitCommonBytes);
    else smallest.forEachTransient(visitCommon, visitCommonBytes);
  };
}

/** The members of all sets; who is in several comes several times. The strings may be stored. */
function membersOfAll(sets: Sets): ForEachMember {
  return (visit) => {
    for (const set of sets) set?.forEach(visit);
  };
}

/**
 * The members of the first set that are in no other. Either each is looked up in the others (the largest first), or the
 * others' members are taken out of a copy, whichever looks at fewer. The strings may be stored.
 */
function difference(sets: Sets): ForEachMember {
  const [first, ...rest] = sets;
  const others = rest.filter((set) => set !== undefined);
  if (first === undefined || others.includes(first)) return () => {};
  const probes = (first.size * (others.length + 1)) / 2;
  const total = others.reduce((sum, set) => sum + set.size, first.size);
  if (Math.floor(probes) <= total) {
    others.sort((a, b) => b.size - a.size);
    return (visit, visitBytes) =>
      first.forEach(
        (member) => {
          if (!others.some((set) => set.has(member))) visit(member);
        },
        visitBytes &&
          ((bytes, start, end) => {
            if (!others.some((set) => set.hasBytes(bytes, start, end))) visitBytes(bytes, start, end);
          }),
      );
  }
  return (visit) => {
    const left = new Set<string>();
    first.forEach((member) => {
      left.add(member);
    });
    for (const set of others) {
      if (left.size === 0) break;
      set.forEachTransient((member) => {
        left.delete(member);
      });
    }
    left.forEach(visit);
  };
}

/** Puts `result` under the key at argument 1, or removes that key if it is empty. */
function store(ctx: CommandContext, request: Request, result: SetValue): void {
  const key = request.key(1);
  if (result.size > 0) {
    ctx.db.set(key, result);
    ctx.keyspace.dirty++;
  } else if (ctx.db.remove(key)) {
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(result.size);
}

/** @param members of the result, each once */
const answering =
  (members: (sets: Sets) => ForEachMember): Handler =>
  (ctx, request) => {
    const { reply } = ctx;
    const sets = readSets(ctx, request, 1, request.count);
    if (sets === undefined) return;
    const hold = reply.defer();
    let count = 0;
    members(sets)(
      (member) => {
        reply.bulk(member);
        count++;
      },
      (bytes, start, end) => {
        reply.bulkRange(bytes, start, end);
        count++;
      },
    );
    reply.closeSet(hold, count);
  };

/** @param members of the result, strings that may be stored; they may come more than once @param asIntset if it can be one */
const storing =
  (members: (sets: Sets) => ForEachMember, asIntset = false): Handler =>
  (ctx, request) => {
    const sets = readSets(ctx, request, 2, request.count);
    if (sets === undefined) return;
    const { thresholds } = ctx.keyspace;
    const result = new SetValue();
    let gathered: string[] = [];
    members(sets)((member) => {
      if (gathered.push(member) < GATHERED) return;
      result.addAll(gathered, thresholds);
      gathered = [];
    });
    result.addAll(gathered, thresholds);
    if (asIntset) result.preferIntset(ctx.keyspace.thresholds);
    store(ctx, request, result);
  };

const intersectCount: Handler = (ctx, request) => {
  const numkeys = readInteger(ctx, request, 1, NUMKEYS_NOT_POSITIVE);
  if (numkeys === undefined) return;
  if (numkeys < 1) return ctx.reply.error(NUMKEYS_NOT_POSITIVE);
  if (numkeys > request.count - 2) return ctx.reply.error(TOO_MANY_KEYS);
  let limit = 0;
  for (let i = 2 + numkeys; i < request.count; i += 2) {
    if (!request.is(i, 'limit') || i + 1 >= request.count) return ctx.reply.error(SYNTAX_ERROR);
    const given = readInteger(ctx, request, i + 1, LIMIT_NEGATIVE);
    if (given === undefined) return;
    if (given < 0) return ctx.reply.error(LIMIT_NEGATIVE);
    limit = given;
  }
  const found = readSets(ctx, request, 2, 2 + numkeys);
  if (found === undefined) return;
  const sets = forIntersection(found);
  let count = 0;
  sets[0]?.some(
    (member) => isInAll(member, sets) && ++count === limit,
    (bytes, start, end) => bytesAreInAll(bytes, start, end, sets) && ++count === limit,
  );
  ctx.reply.integer(count);
};

const unite: Handler = (ctx, request) => {
  const { reply } = ctx;
  const sets = readSets(ctx, request, 1, request.count);
  if (sets === undefined) return;
  // A table tells quickly what it has: only what the largest lacks is gathered.
  let table: SetValue | undefined;
  for (const set of sets) {
    if (set?.encoding() === 'hashtable' && set.size > (table?.size ?? 0)) table = set;
  }
  const others = new Set<string>();
  for (const set of sets) {
    if (set === table) continue;
    set?.forEachTransient((member) => {
      if (!table?.has(member)) others.add(member);
    });
  }
  reply.set((table?.size ?? 0) + others.size);
  table?.forEachTransient(
    (member) => reply.bulk(member),
    (bytes, start, end) => reply.bulkRange(bytes, start, end),
  );
  for (const member of others) reply.bulk(member);
};

const family = { categories: ['set'], group: 'set' } as const;
const INTERSECTION_COST = 'O(N*M) where N is the size of the smallest set and M the number of sets.';
const TOTAL_COST = 'O(N) where N is the number of members of all sets together.';

export const setAlgebraCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'sinter',
    arity: -2,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Answers the members that several sets have in common.',
    complexity: INTERSECTION_COST,
    keySpecs: [keys('RO access', 1, -1)],
    tips: ['nondeterministic_output_order'],
    handler: answering((sets) => intersection(sets, false)),
  },
  {
    ...family,
    name: 'sinterstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    since: '1.0.0',
    summary: 'Stores the members that several sets have in common.',
    complexity: INTERSECTION_COST,
    keySpecs: [keys('RW update'), keys('RO access', 2, -1)],
    handler: storing((sets) => intersection(sets, true), true),
  },
  {
    ...family,
    name: 'sintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    since: '7.0.0',
    summary: 'Counts the members that several sets have in common.',
    complexity: INTERSECTION_COST,
    keySpecs: [countedKeys('RO access', 1)],
    handler: intersectCount,
  },
  {
    ...family,
    name: 'sunion',
    arity: -2,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Answers the members of several sets together.',
    complexity: TOTAL_COST,
    keySpecs: [keys('RO access', 1, -1)],
    tips: ['nondeterministic_output_order'],
    handler: unite,
  },
  {
    ...family,
    name: 'sunionstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    since: '1.0.0',
    summary: 'Stores the members of several sets together.',
    complexity: TOTAL_COST,
    keySpecs: [keys('OW update'), keys('RO access', 2, -1)],
    handler: storing(membersOfAll),
  },
  {
    ...family,
    name: 'sdiff',
    arity: -2,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Answers the members of the first set that no other has.',
    complexity: TOTAL_COST,
    keySpecs: [keys('RO access', 1, -1)],
    tips: ['nondeterministic_output_order'],
    handler: answering(difference),
  },
  {
    ...family,
    name: 'sdiffstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    since: '1.0.0',
    summary: 'Stores the members of the first set that no other has.',
    complexity: TOTAL_COST,
    keySpecs: [keys('OW update'), keys('RO access', 2, -1)],
    handler: storing(difference),
  },
];
