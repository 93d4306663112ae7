/**
 * Searches of positions: GEOSEARCH and GEOSEARCHSTORE, and the older GEORADIUS and GEORADIUSBYMEMBER with their forms that
 * only read. One reader of arguments serves all six, for their words are nearly the same.
 */
import { flatCopy, type ScoredMember, ScoreRange, SortedSetValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { type Area, cellsOf, distanceWithin, exactDistanceBetween } from '../geo-area.ts';
import { readPosition, readUnit, writeDistance, writePosition } from '../geo-arguments.ts';
import { type Position, positionOf, scoresOf } from '../geohash.ts';
import { readInteger, readValue, WRONG_TYPE } from '../lookup.ts';
import { repeated, SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, type KeySpec, keys } from '../spec.ts';

const NO_SUCH_MEMBER = 'ERR could not decode requested zset member';
const RADIUS_NOT_A_NUMBER = 'ERR need numeric radius';
const RADIUS_NEGATIVE = 'ERR radius cannot be negative';
const WIDTH_NOT_A_NUMBER = 'ERR need numeric width';
const HEIGHT_NOT_A_NUMBER = 'ERR need numeric height';
const BOX_NEGATIVE = 'ERR height or width cannot be negative';
const COUNT_NOT_POSITIVE = 'ERR COUNT must be > 0';
const ANY_WITHOUT_COUNT = 'ERR the ANY argument requires COUNT argument';

/** Members looked at between two checks whether ANY has found enough. */
const PORTION = 256;

/** The form of one of the commands. */
interface Form {
  /** GEOSEARCH and GEOSEARCHSTORE, whose words say from where and how far. */
  readonly isSearch: boolean;
  /** GEORADIUSBYMEMBER. */
  readonly isByMember: boolean;
  /** May store: GEOSEARCHSTORE does, GEORADIUS with STORE or STOREDIST. */
  readonly mayStore: boolean;
}

/** A shape without its centre; lengths in the unit given. */
type Shape =
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'box'; readonly width: number; readonly height: number };

interface Query {
  set: SortedSetValue | undefined;
  centre: Position | undefined;
  /** FROMMEMBER or FROMLONLAT: one excludes the other. */
  from: 'member' | 'position' | undefined;
  shape: Shape | undefined;
  /** Metres. */
  unit: number;
  withDistance: boolean;
  withHash: boolean;
  withPosition: boolean;
  order: 'ascending' | 'descending' | undefined;
  /** 0: all. */
  count: number;
  isAny: boolean;
  target: string | undefined;
  storesDistance: boolean;
}

interface Found {
  readonly member: string;
  readonly score: number;
  readonly position: Position;
  /** Metres. */
  readonly distance: number;
}

// Reading the arguments. Each answers false, or undefined, after it has written an error ---------------------------------

function failed(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

function refused(ctx: CommandContext, error: string): false {
  ctx.reply.error(error);
  return false;
}

function readLength(ctx: CommandContext, request: Request, index: number, error: string): number | undefined {
  return request.float(index) ?? failed(ctx, error);
}

/** A radius and its unit. */
function readCircle(ctx: CommandContext, request: Request, index: number, query: Query): boolean {
  const radius = readLength(ctx, request, index, RADIUS_NOT_A_NUMBER);
  if (radius === undefined) return false;
  if (radius < 0) return refused(ctx, RADIUS_NEGATIVE);
  query.shape = { kind: 'circle', radius };
  return readUnitOf(ctx, request, index + 1, query);
}

/** A width, a height and their unit. */
function readBox(ctx: CommandContext, request: Request, index: number, query: Query): boolean {
  const width = readLength(ctx, request, index, WIDTH_NOT_A_NUMBER);
  if (width === undefined) return false;
  const height = readLength(ctx, request, index + 1, HEIGHT_NOT_A_NUMBER);
  if (height === undefined) return false;
  if (width < 0 || height < 0) return refused(ctx, BOX_NEGATIVE);
  query.shape = { kind: 'box', width, height };
  return readUnitOf(ctx, request, index + 2, query);
}

function readUnitOf(ctx: CommandContext, request: Request, index: number, query: Query): boolean {
  const unit = readUnit(ctx, request, index);
  query.unit = unit ?? 1;
  return unit !== undefined;
}

/** The position of the member that argument `index` names; where there is no sorted set, there is nothing to find. */
function readMember(ctx: CommandContext, request: Request, index: number, query: Query): boolean {
  if (query.set === undefined) return true;
  const score = query.set.score(request.latin1(index));
  if (score === undefined) return refused(ctx, NO_SUCH_MEMBER);
  query.centre = positionOf(score);
  return true;
}

function readCentre(ctx: CommandContext, request: Request, index: number, query: Query): boolean {
  query.centre = readPosition(ctx, request, index);
  return query.centre !== undefined;
}

/** How many arguments an option has, and what it does; `read` answers false after an error. */
interface Option {
  readonly word: string;
  readonly length: number;
  /** Whether the command takes it now. */
  readonly isTaken?: (form: Form, query: Query) => boolean;
  readonly read: (ctx: CommandContext, request: Request, index: number, query: Query) => boolean;
}

/** An option without arguments. */
function flag(word: string, change: Partial<Query>, isTaken?: Option['isTaken']): Option {
  const read: Option['read'] = (_ctx, _request, _index, query) => {
    Object.assign(query, change);
    return true;
  };
  return { word, length: 0, read, ...(isTaken && { isTaken }) };
}

function storing(word: string, storesDistance: boolean): Option {
  return {
    word,
    length: 1,
    isTaken: (form) => !form.isSearch && form.mayStore,
    read: (_ctx, request, index, query) => {
      query.target = request.key(index);
      query.storesDistance = storesDistance;
      return true;
    },
  };
}

const OPTIONS: readonly Option[] = [
  flag('withdist', { withDistance: true }),
  flag('withhash', { withHash: true }),
  flag('withcoord', { withPosition: true }),
  flag('any', { isAny: true }),
  flag('asc', { order: 'ascending' }),
  flag('desc', { order: 'descending' }),
  {
    word: 'count',
    length: 1,
    read: (ctx, request, index, query) => {
      const count = readInteger(ctx, request, index);
      if (count === undefined) return false;
      if (count <= 0) return refused(ctx, COUNT_NOT_POSITIVE);
      query.count = count;
      return true;
    },
  },
  storing('store', false),
  storing('storedist', true),
  {
    word: 'frommember',
    length: 1,
    isTaken: (form, query) => form.isSearch && query.from !== 'position',
    read: (ctx, request, index, query) => {
      query.from = 'member';
      return readMember(ctx, request, index, query);
    },
  },
  {
    word: 'fromlonlat',
    length: 2,
    isTaken: (form, query) => form.isSearch && query.from !== 'member',
    read: (ctx, request, index, query) => {
      query.from = 'position';
      return readCentre(ctx, request, index, query);
    },
  },
  {
    word: 'byradius',
    length: 2,
    isTaken: (form, query) => form.isSearch && query.shape?.kind !== 'box',
    read: readCircle,
  },
  {
    word: 'bybox',
    length: 3,
    isTaken: (form, query) => form.isSearch && query.shape?.kind !== 'circle',
    read: readBox,
  },
  flag('storedist', { storesDistance: true }, (form) => form.isSearch && form.mayStore),
];

function readOptions(ctx: CommandContext, request: Request, first: number, form: Form, query: Query): boolean {
  for (let i = first; i < request.count; i++) {
    const left = request.count - i - 1;
    const at = i;
    const option = OPTIONS.find(
      ({ word, length, isTaken }) => left >= length && request.is(at, word) && (isTaken?.(form, query) ?? true),
    );
    if (option === undefined) return refused(ctx, SYNTAX_ERROR);
    if (!option.read(ctx, request, i + 1, query)) return false;
    i += option.length;
  }
  return true;
}

/** What is wrong with the options together, if anything. */
function optionsError(request: Request, form: Form, query: Query): string | undefined {
  if (query.target !== undefined && (query.withDistance || query.withHash || query.withPosition)) {
    const what = form.isSearch ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
  }
  const name = repeated(request.latin1(0));
  if (form.isSearch && query.from === undefined) {
    return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`;
  }
  if (form.isSearch && query.shape === undefined) {
    return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`;
  }
  return query.isAny && query.count === 0 ? ANY_WITHOUT_COUNT : undefined;
}

/** All of a command's arguments; undefined after an error has been written. */
function readQuery(ctx: CommandContext, request: Request, form: Form): Query | undefined {
  const storesAlways = form.isSearch && form.mayStore;
  const set = readValue(ctx, request.key(storesAlways ? 2 : 1), 'zset');
  if (set === WRONG_TYPE) return undefined;
  const query: Query = {
    set,
    centre: undefined,
    from: undefined,
    shape: undefined,
    unit: 1,
    withDistance: false,
    withHash: false,
    withPosition: false,
    order: undefined,
    count: 0,
    isAny: false,
    target: storesAlways ? request.key(1) : undefined,
    storesDistance: false,
  };
  let first = storesAlways ? 3 : 2;
  if (!form.isSearch) {
    first = form.isByMember ? 5 : 6;
    const readFrom = form.isByMember ? readMember : readCentre;
    if (!readFrom(ctx, request, 2, query)) return undefined;
    // Without a sorted set, a distance from its member is not even looked at.
    const isRead = !form.isByMember || set !== undefined;
    if (isRead && !readCircle(ctx, request, first - 2, query)) return undefined;
  }
  if (!readOptions(ctx, request, first, form, query)) return undefined;
  const error = optionsError(request, form, query);
  return error === undefined ? query : failed(ctx, error);
}

// Searching -------------------------------------------------------------------------------------------------------------

function areaOf({ centre, shape, unit }: Query): Area | undefined {
  if (centre === undefined || shape === undefined) return undefined;
  if (shape.kind === 'circle') return { kind: 'circle', centre, radius: shape.radius * unit };
  return { kind: 'box', centre, width: shape.width * unit, height: shape.height * unit };
}

/** All members in the area, cell by cell; with a limit no more than so many. */
function search(set: SortedSetValue, area: Area, limit: number): Found[] {
  const found: Found[] = [];
  const isEnough = () => limit > 0 && found.length >= limit;
  const visit = (member: string, score: number) => {
    if (isEnough()) return;
    const position = positionOf(score);
    const distance = distanceWithin(area, position);
    if (distance !== undefined) found.push({ member, score, position, distance });
  };
  for (const cell of cellsOf(area)) {
    const { min, max } = scoresOf(cell);
    const { start, end } = set.span(
      new ScoreRange({ score: min, isExclusive: false }, { score: max, isExclusive: true }),
    );
    const step = limit > 0 ? PORTION : end - start;
    for (let rank = start; rank < end && !isEnough(); rank += step) {
      set.forEachTransient(rank, Math.min(end, rank + step), false, visit);
    }
  }
  return found;
}

function results(query: Query): Found[] {
  const area = areaOf(query);
  if (query.set === undefined || area === undefined) return [];
  const found = search(query.set, area, query.isAny ? query.count : 0);
  // The nearest are meant, unless any will do.
  const order = query.order ?? (query.count > 0 && !query.isAny ? 'ascending' : undefined);
  if (order === 'ascending') found.sort((a, b) => a.distance - b.distance);
  else if (order === 'descending') found.sort((a, b) => b.distance - a.distance);
  return query.count > 0 ? found.slice(0, query.count) : found;
}

// Answering -------------------------------------------------------------------------------------------------------------

/** Metres from the centre, to the last digit. */
function exactDistance({ centre }: Query, position: Position): number {
  return centre === undefined ? 0 : exactDistanceBetween(centre, position);
}

function answer({ reply }: CommandContext, query: Query, found: readonly Found[]): void {
  const extras = [query.withDistance, query.withHash, query.withPosition].filter(Boolean).length;
  reply.array(found.length);
  for (const { member, score, position, distance } of found) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(member);
    if (query.withDistance) writeDistance(reply, distance, query.unit, () => exactDistance(query, position));
    if (query.withHash) reply.integer(BigInt(Math.trunc(score)));
    if (query.withPosition) writePosition(reply, position);
  }
}

function store(ctx: CommandContext, target: string, query: Query, found: readonly Found[]): void {
  const pairs: ScoredMember[] = found.map(({ member, score, position }) => ({
    member: flatCopy(member),
    score: query.storesDistance ? exactDistance(query, position) / query.unit : score,
  }));
  if (pairs.length > 0) {
    ctx.db.set(target, SortedSetValue.of(pairs, ctx.keyspace.thresholds));
    ctx.keyspace.dirty += pairs.length;
  } else if (ctx.db.remove(target)) {
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(pairs.length);
}

function searching(form: Form): Handler {
  return (ctx, request) => {
    const query = readQuery(ctx, request, form);
    if (query === undefined) return;
    const found = results(query);
    if (query.target === undefined) answer(ctx, query, found);
    else store(ctx, query.target, query, found);
  };
}

const family = { categories: ['geo'], group: 'geo' } as const;
const COMPLEXITY =
  'O(N+log(M)) where N is the number of members in the cells around the area and M that of all members.';

function storeKey(keyword: string, startFrom: number): KeySpec {
  return { ...keys('OW update'), begin: { keyword, startFrom } };
}

function radiusSpecs(name: string, isByMember: boolean, summary: string): CommandSpec[] {
  const first = isByMember ? 5 : 6;
  const shared = { ...family, arity: -first, complexity: COMPLEXITY };
  return [
    {
      ...shared,
      name,
      flags: ['write', 'denyoom', 'movablekeys'],
      since: '3.2.0',
      summary: `${summary}, or stores them.`,
      keySpecs: [keys('RO access'), storeKey('STORE', first), storeKey('STOREDIST', first)],
      handler: searching({ isSearch: false, isByMember, mayStore: true }),
    },
    {
      ...shared,
      name: `${name}_ro`,
      flags: ['readonly'],
      since: '3.2.10',
      summary: `${summary}.`,
      keySpecs: [keys('RO access')],
      handler: searching({ isSearch: false, isByMember, mayStore: false }),
    },
  ];
}

export const geoSearchCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'geosearch',
    arity: -7,
    flags: ['readonly'],
    since: '6.2.0',
    summary: 'Answers the members in a circle or a box.',
    complexity: COMPLEXITY,
    keySpecs: [keys('RO access')],
    handler: searching({ isSearch: true, isByMember: false, mayStore: false }),
  },
  {
    ...family,
    name: 'geosearchstore',
    arity: -8,
    flags: ['write', 'denyoom'],
    since: '6.2.0',
    summary: 'Stores the members in a circle or a box.',
    complexity: COMPLEXITY,
    keySpecs: [keys('OW update'), keys('RO access', 2)],
    handler: searching({ isSearch: true, isByMember: false, mayStore: true }),
  },
  ...radiusSpecs('georadius', false, 'Answers the members in a circle around a position'),
  ...radiusSpecs('georadiusbymember', true, 'Answers the members in a circle around a member'),
];
