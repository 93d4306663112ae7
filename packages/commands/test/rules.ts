/**
 * When two replies count as the same. Without a rule they must be equal byte for byte; a rule forgives what Redis leaves
 * open (the order of a set's elements, which key is random) or what the clock decides. Errors are never forgiven.
 */
import { type ReplyTree, readReply } from './reply-tree.ts';

/**
 * - `unordered`: elements as a multiset · `pairs`: field-value pairs as a multiset, in a map or flat
 * - `scan`: cursor and elements: as a multiset if both sides finished, else any
 * - `shape`: the same types and counts · `kind`: the same type at the top · `ignored`: anything
 * - `within`: integers (or items that are) that differ at most so much, or are both at least `upTo`
 */
export type ReplyRule =
  | 'exact'
  | 'unordered'
  | 'pairs'
  | 'scan'
  | 'shape'
  | 'kind'
  | 'ignored'
  | NumberRule
  | ((oracle: ReplyTree, ours: ReplyTree) => boolean);

interface NumberRule {
  readonly within: number;
  readonly upTo?: number;
}

/** Clocks of the two sides differ by the time of a script's run. */
export const CLOCK_TOLERANCE_MS = 3000;

/** Our expiries end at 2^53 - 1 ms, Redis's at 2^63 - 1: both ends count as the same, less than an age of the clock apart. */
export const LAST_EXPIRY_MS = 9_000_000_000_000_000;

const SECONDS: ReplyRule = { within: Math.ceil(CLOCK_TOLERANCE_MS / 1000), upTo: LAST_EXPIRY_MS / 1000 };
const MILLISECONDS: ReplyRule = { within: CLOCK_TOLERANCE_MS, upTo: LAST_EXPIRY_MS };

/** By full lower-case name of the command; `get|…` for subcommands is `config|get`. */
export const DEFAULT_RULES: Readonly<Record<string, ReplyRule>> = {
  keys: 'unordered',
  smembers: 'unordered',
  sinter: 'unordered',
  sunion: 'unordered',
  sdiff: 'unordered',
  hkeys: 'unordered',
  hvals: 'unordered',
  hgetall: 'pairs',
  'config|get': 'pairs',
  scan: 'scan',
  sscan: 'scan',
  hscan: 'scan',
  zscan: 'scan',
  randomkey: 'kind',
  srandmember: 'shape',
  hrandfield: 'shape',
  zrandmember: 'shape',
  spop: 'shape',
  ttl: SECONDS,
  expiretime: SECONDS,
  pttl: MILLISECONDS,
  pexpiretime: MILLISECONDS,
  // Redis shares the objects of small integers, which then seem idle since its start.
  'object|idletime': 'kind',
  'object|encoding': (oracle, ours) => oracle.kind === ours.kind && isSameEncoding(undefined, oracle.text, ours.text),
  time: 'shape',
  lastsave: 'kind',
};

/**
 * Whether encodings are the same but for what Redis 7.2 has and 7.0 has not (small lists and sets in a listpack), and for
 * the integers that INCRBYFLOAT made, see DIFFERENCES.md.
 *
 * @param type of the value, undefined where it is not known
 */
export function isSameEncoding(
  type: string | undefined,
  oracle: string | undefined,
  ours: string | undefined,
): boolean {
  if (oracle === ours) return true;
  const may = (other: string) => type === undefined || type === other;
  if (may('list') && oracle === 'quicklist' && ours === 'listpack') return true;
  if (may('set') && oracle === 'hashtable' && ours === 'listpack') return true;
  return may('string') && oracle === 'embstr' && ours === 'int';
}

/** Whether the two raw replies (latin1) count as the same. */
export function isSameReply(oracle: string, ours: string, rule: ReplyRule): boolean {
  if (oracle === ours || rule === 'ignored') return true;
  if (rule === 'exact') return false;
  const left = readReply(oracle, 0)?.tree;
  const right = readReply(ours, 0)?.tree;
  return left !== undefined && right !== undefined && isSameTree(left, right, rule);
}

/** The same for trees: what EXEC answers is compared element by element. */
export function isSameTree(oracle: ReplyTree, ours: ReplyTree, rule: ReplyRule): boolean {
  if (typeof rule === 'function') return rule(oracle, ours);
  if (rule === 'ignored') return true;
  if (oracle.kind !== ours.kind) return false;
  if (rule === 'exact' || isError(oracle)) return isEqual(oracle, ours);
  if (typeof rule === 'object') return isNear(oracle, ours, rule);
  switch (rule) {
    case 'kind':
      return (oracle.text === undefined) === (ours.text === undefined);
    case 'shape':
      return shapeOf(oracle) === shapeOf(ours);
    case 'unordered':
      return isEqual(sorted(oracle), sorted(ours));
    case 'pairs':
      return isEqual(sorted(paired(oracle)), sorted(paired(ours)));
    case 'scan':
      return isSameScan(oracle, ours);
  }
}

function isError(tree: ReplyTree): boolean {
  return tree.kind === '-' || tree.kind === '!';
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isNear(a: ReplyTree, b: ReplyTree, rule: NumberRule): boolean {
  if (isEqual(a, b)) return true;
  if (a.items !== undefined && b.items !== undefined) {
    const others = b.items;
    return a.items.length === others.length && a.items.every((item, i) => isNear(item, others[i], rule));
  }
  const [left, right] = [Number(a.text), Number(b.text)];
  // Negative answers are codes (-1 no expiry, -2 no key), not times.
  if (left >= (rule.upTo ?? Infinity) && right >= (rule.upTo ?? Infinity)) return true;
  return left >= 0 && right >= 0 && Math.abs(left - right) <= rule.within;
}

function shapeOf(tree: ReplyTree): string {
  if (tree.items === undefined) return tree.text === undefined ? `null${tree.kind}` : tree.kind;
  return `${tree.kind}(${tree.items.map(shapeOf).join()})`;
}

function sorted(tree: ReplyTree): unknown {
  return { kind: tree.kind, items: tree.items?.map((item) => JSON.stringify(item)).sort() };
}

function paired(tree: ReplyTree): ReplyTree {
  if (tree.items === undefined) return tree;
  const items = tree.items;
  const pairs: ReplyTree[] = [];
  for (let i = 0; i < items.length; i += 2) pairs.push({ kind: '*', items: items.slice(i, i + 2) });
  return { kind: tree.kind, items: pairs };
}

function isSameScan(oracle: ReplyTree, ours: ReplyTree): boolean {
  const [cursor, elements] = oracle.items ?? [];
  const [ourCursor, ourElements] = ours.items ?? [];
  if (cursor === undefined || elements === undefined || ourCursor === undefined || ourElements === undefined)
    return false;
  if (cursor.text !== '0' || ourCursor.text !== '0') return true;
  return isEqual(sorted(elements), sorted(ourElements));
}
