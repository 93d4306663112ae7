/**
 * SORT and SORT_RO: the elements of a list, a set or a sorted set in order, by themselves or by values that other keys
 * hold, answered or stored as a list.
 *
 * A pattern names a key for each element: `weight_*` with the element in place of the first `*`, `hash_*->field` for a
 * field of a hash, `#` for the element itself.
 */
import {
  flatCopy,
  HashValue,
  ListValue,
  SetValue,
  SortedSetValue,
  type StringValue,
  stringContent,
  stringLength,
  stringText,
  type Value,
} from '@aof/keyspace';
import { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger } from '../lookup.ts';
import { STRING_TOO_LONG, SYNTAX_ERROR, WRONG_TYPE_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, type KeyPosition, keys } from '../spec.ts';

const NOT_A_WEIGHT = "ERR One or more scores can't be converted into double";
/** Bytes of the longest elements of a list: V8's strings end a little above. */
const LONGEST_TEXT = 2 ** 29 - 25;
const ELEMENT_ITSELF = '#';
const ARROW = '->';
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const LEADING_SPACE = /^[ \t\n\v\f\r]+/;
/** Below this a double loses bits, which counts as out of range. */
const SMALLEST_NORMAL = 2 ** -1022;

interface SortOptions {
  isDown: boolean;
  isAlpha: boolean;
  offset: number;
  /** Negative: all. */
  count: number;
  by: string | undefined;
  readonly gets: string[];
  target: string | undefined;
}

/** What SORT takes. */
type Sortable = ListValue | SetValue | SortedSetValue;

interface Weighted {
  readonly element: string;
  /** What it is sorted by; undefined where its key does not exist. */
  readonly weight: number | string | undefined;
}

// Reading the arguments -------------------------------------------------------------------------------------------------

/** Reads the words from argument 2 on; undefined after the error has been written. */
function readOptions(ctx: CommandContext, request: Request, mayStore: boolean): SortOptions | undefined {
  const options: SortOptions = {
    isDown: false,
    isAlpha: false,
    offset: 0,
    count: -1,
    by: undefined,
    gets: [],
    target: undefined,
  };
  for (let i = 2; i < request.count; i++) {
    const left = request.count - i - 1;
    if (request.is(i, 'asc')) options.isDown = false;
    else if (request.is(i, 'desc')) options.isDown = true;
    else if (request.is(i, 'alpha')) options.isAlpha = true;
    else if (left >= 2 && request.is(i, 'limit')) {
      const offset = readInteger(ctx, request, i + 1);
      const count = offset === undefined ? undefined : readInteger(ctx, request, i + 2);
      if (offset === undefined || count === undefined) return undefined;
      options.offset = offset;
      options.count = count;
      i += 2;
    } else if (mayStore && left >= 1 && request.is(i, 'store')) options.target = request.key(++i);
    else if (left >= 1 && request.is(i, 'by')) options.by = request.latin1(++i);
    else if (left >= 1 && request.is(i, 'get')) options.gets.push(request.latin1(++i));
    else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return options;
}

// Patterns --------------------------------------------------------------------------------------------------------------

/** Answers the value that a pattern names for an element, or undefined. */
type Follow = (element: string) => StringValue | undefined;

function follower(ctx: CommandContext, pattern: string): Follow {
  if (pattern === ELEMENT_ITSELF) return (element) => element;
  const star = pattern.indexOf('*');
  // A pattern without a star names the same for every element, which makes no sense.
  if (star < 0) return () => undefined;
  const arrow = pattern.indexOf(ARROW, star + 1);
  const hasField = arrow >= 0 && arrow + ARROW.length < pattern.length;
  const field = hasField ? pattern.slice(arrow + ARROW.length) : '';
  const prefix = pattern.slice(0, star);
  const postfix = hasField ? pattern.slice(star + 1, arrow) : pattern.slice(star + 1);
  return (element) => {
    const value = ctx.db.lookupRead(prefix + element + postfix);
    if (value === undefined) return undefined;
    if (hasField) return value instanceof HashValue ? value.get(field) : undefined;
    return typeof value === 'string' || value.type === 'string' ? value : undefined;
  };
}

// Sorting ---------------------------------------------------------------------------------------------------------------

/** A weight as strtod(3) reads it: spaces may come first, and nothing at all is zero. Undefined: no number. */
function weightOf(text: string): number | undefined {
  const trimmed = text.replace(LEADING_SPACE, '');
  if (text === '') return 0;
  if (!DECIMAL.test(trimmed)) return Request.of([trimmed]).float(0);
  const weight = Number(trimmed);
  if (!Number.isFinite(weight)) return undefined;
  const isTooSmall = Math.abs(weight) < SMALLEST_NORMAL && /[1-9]/.test(trimmed.split(/e/i)[0]);
  return isTooSmall ? undefined : weight;
}

/** A value as text, or the beginning of one that is too long to be one. */
function comparable(value: StringValue): string {
  return typeof value === 'string' ? value : value.latin1(0, LONGEST_TEXT);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareWeights(a: Weighted, b: Weighted): number {
  if (typeof a.weight === 'number' && typeof b.weight === 'number') {
    // Equal weights leave the order to the elements, so that there is but one.
    return a.weight - b.weight || compareTexts(a.element, b.element);
  }
  if (a.weight === undefined || b.weight === undefined) {
    return (a.weight === undefined ? 0 : 1) - (b.weight === undefined ? 0 : 1);
  }
  return compareTexts(String(a.weight), String(b.weight));
}

/** The elements with what they are sorted by; undefined if one of that is no number but should be. */
function weigh(ctx: CommandContext, elements: readonly string[], options: SortOptions): Weighted[] | undefined {
  const follow = options.by === undefined ? undefined : follower(ctx, options.by);
  const weighted: Weighted[] = [];
  let isSound = true;
  for (const element of elements) {
    const value = follow === undefined ? element : follow(element);
    const text = value === undefined ? undefined : comparable(value);
    if (options.isAlpha) weighted.push({ element, weight: text });
    else {
      // What has no weight weighs nothing.
      const weight = text === undefined ? 0 : weightOf(text);
      if (weight === undefined) isSound = false;
      weighted.push({ element, weight: weight ?? 0 });
    }
  }
  return isSound ? weighted : undefined;
}

function sorted(ctx: CommandContext, elements: readonly string[], options: SortOptions): string[] | undefined {
  const weighted = weigh(ctx, elements, options);
  if (weighted === undefined) return undefined;
  const direction = options.isDown ? -1 : 1;
  weighted.sort((a, b) => direction * compareWeights(a, b));
  return weighted.map(({ element }) => element);
}

// Elements --------------------------------------------------------------------------------------------------------------

function sizeOf(value: Sortable): number {
  return value instanceof ListValue ? value.length : value.size;
}

/** The elements of ranks `start` to `end` (exclusive) in their own order, from behind if asked for. */
function elementsOf(value: Sortable, start: number, end: number, isDown: boolean): string[] {
  const elements: string[] = [];
  const size = sizeOf(value);
  const [first, last] = isDown ? [size - end, size - start] : [start, end];
  const visit = (element: string) => {
    elements.push(element);
  };
  if (value instanceof SetValue) {
    value.forEachTransient(visit);
    return elements.slice(start, end);
  }
  if (value instanceof ListValue) value.visit(first, last, visit);
  else value.forEachTransient(first, last, false, visit);
  return isDown ? elements.reverse() : elements;
}

/** What is to be answered, in order; undefined if a weight is no number. */
function select(ctx: CommandContext, value: Sortable, given: SortOptions): string[] | undefined {
  const size = sizeOf(value);
  const start = Math.min(Math.max(given.offset, 0), size);
  const end = given.count < 0 ? size : Math.min(size, start + given.count);
  let options = given;
  // A pattern without a star says: do not sort.
  let isSorted = given.by === undefined || given.by.includes('*');
  if (!isSorted && value instanceof SetValue && given.target !== undefined) {
    // A set has no order, and what is stored must not depend on chance.
    isSorted = true;
    options = { ...given, by: undefined, isAlpha: true };
  }
  if (!isSorted) return elementsOf(value, start, end, options.isDown);
  return sorted(ctx, elementsOf(value, 0, size, false), options)?.slice(start, end);
}

// Answering -------------------------------------------------------------------------------------------------------------

function answer(ctx: CommandContext, elements: readonly string[], gets: readonly Follow[]): void {
  const { reply } = ctx;
  reply.array(elements.length * Math.max(1, gets.length));
  for (const element of elements) {
    if (gets.length === 0) reply.bulk(element);
    for (const get of gets) {
      const value = get(element);
      if (value === undefined) reply.nullBulk();
      else reply.bulk(stringContent(value));
    }
  }
}

function store(ctx: CommandContext, key: string, elements: readonly string[], gets: readonly Follow[]): void {
  const values: readonly StringValue[] =
    gets.length === 0 ? elements : elements.flatMap((element) => gets.map((get) => get(element) ?? ''));
  if (values.some((value) => stringLength(value) > LONGEST_TEXT)) return ctx.reply.error(STRING_TOO_LONG);
  const stored = values.map((value) => flatCopy(stringText(value)));
  if (stored.length > 0) {
    const { listMaxListpackSize } = ctx.keyspace.thresholds;
    ctx.db.set(key, ListValue.of(stored, listMaxListpackSize));
    ctx.keyspace.dirty += stored.length;
  } else if (ctx.db.remove(key)) {
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(stored.length);
}

function isSortable(value: Value): value is Sortable {
  return value instanceof ListValue || value instanceof SetValue || value instanceof SortedSetValue;
}

function sorting(mayStore: boolean): Handler {
  return (ctx, request) => {
    const options = readOptions(ctx, request, mayStore);
    if (options === undefined) return;
    const value = ctx.db.lookupRead(request.key(1));
    if (value !== undefined && !isSortable(value)) return ctx.reply.error(WRONG_TYPE_ERROR);
    const elements = value === undefined ? [] : select(ctx, value, options);
    if (elements === undefined) return ctx.reply.error(NOT_A_WEIGHT);
    const gets = options.gets.map((pattern) => follower(ctx, pattern));
    if (options.target === undefined) answer(ctx, elements, gets);
    else store(ctx, options.target, elements, gets);
  };
}

/** The keys that can be told from the arguments: what is sorted, and where the last STORE leads. */
function keysOf(request: Request): (number | KeyPosition)[] {
  const positions: (number | KeyPosition)[] = [1];
  for (let i = 2; i < request.count; i++) {
    if (request.is(i, 'limit')) i += 2;
    else if (request.is(i, 'get') || request.is(i, 'by')) i++;
    else if (request.is(i, 'store') && i + 1 < request.count) {
      positions[1] = { index: i + 1, flags: ['OW', 'update'] };
    }
  }
  return positions;
}

const family = { categories: ['set', 'sortedset', 'list', 'dangerous'], group: 'generic', arity: -2 } as const;
const COMPLEXITY =
  'O(N+M*log(M)) where N is the number of elements and M the number of those answered; O(N) where nothing is sorted.';
const BY_AND_GET = {
  flags: ['RO', 'access'],
  begin: 'unknown',
  find: 'unknown',
  notes:
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
} as const;

export const sortCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'sort',
    flags: ['write', 'denyoom', 'movablekeys'],
    since: '1.0.0',
    summary: 'Answers or stores the elements of a list, a set or a sorted set in order.',
    complexity: COMPLEXITY,
    keySpecs: [
      keys('RO access'),
      BY_AND_GET,
      {
        flags: ['OW', 'update'],
        begin: 'unknown',
        find: 'unknown',
        notes:
          "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
      },
    ],
    getKeys: keysOf,
    handler: sorting(true),
  },
  {
    ...family,
    name: 'sort_ro',
    flags: ['readonly', 'movablekeys'],
    since: '7.0.0',
    summary: 'Answers the elements of a list, a set or a sorted set in order.',
    complexity: COMPLEXITY,
    keySpecs: [keys('RO access'), BY_AND_GET],
    getKeys: () => [1],
    handler: sorting(false),
  },
];
