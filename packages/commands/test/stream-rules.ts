/**
 * How replies about streams are compared: times as far as clocks go, without what 7.2 has added and without the nodes of a
 * tree that only Redis has.
 */
import type { CompareOptions } from './compare-run.ts';
import type { LogRecord } from './log-records.ts';
import type { ReplyTree } from './reply-tree.ts';
import type { ReplyRule } from './rules.ts';

/** Names whose values are left out together with them. */
const LEFT_OUT = new Set(['radix-tree-nodes', 'active-time', 'inactive']);
/** Integers between these are times of day in milliseconds. */
const FIRST_TIME = 1_600_000_000_000;
const LAST_TIME = 10_000_000_000_000;
/** What counts as the same idle time. */
const IDLE_TOLERANCE_MS = 3000;

/** What a reply of XINFO STREAM FULL says of the data: not into how many nodes they are packed, which a replay may change. */
export function streamData(tree: ReplyTree): ReplyTree {
  return comparableInfo(tree, 'radix-tree-keys');
}

/** A reply of XINFO without what may differ. */
function comparableInfo(tree: ReplyTree, alsoLeftOut?: string): ReplyTree {
  if (tree.items === undefined) {
    const value = tree.kind === ':' ? Number(tree.text) : Number.NaN;
    return value > FIRST_TIME && value < LAST_TIME ? { kind: ':', text: 'time' } : tree;
  }
  const items: ReplyTree[] = [];
  for (let i = 0; i < tree.items.length; i++) {
    const item = tree.items[i];
    if (LEFT_OUT.has(item.text ?? '') || (item.text !== undefined && item.text === alsoLeftOut)) i++;
    else items.push(comparableInfo(item, alsoLeftOut));
  }
  return { kind: tree.kind, items };
}

const info: ReplyRule = (oracle, ours) =>
  JSON.stringify(comparableInfo(oracle)) === JSON.stringify(comparableInfo(ours));

/** Small times that stand behind `idle` or third in a list are idle times. */
function comparableIdle(tree: ReplyTree, isList: boolean): ReplyTree {
  if (tree.items === undefined) return tree;
  const isIdle = (i: number) => (isList ? i === 2 && tree.items?.length === 4 : tree.items?.[i - 1]?.text === 'idle');
  return {
    kind: tree.kind,
    items: tree.items.map((item, i) =>
      isIdle(i) && Number(item.text) < IDLE_TOLERANCE_MS ? { kind: ':', text: 'idle' } : comparableIdle(item, isList),
    ),
  };
}

const STREAM_RULES: Readonly<Record<string, ReplyRule>> = {
  'xinfo|stream': info,
  'xinfo|groups': info,
  'xinfo|consumers': (oracle, ours) =>
    JSON.stringify(comparableIdle(comparableInfo(oracle), false)) ===
    JSON.stringify(comparableIdle(comparableInfo(ours), false)),
  xpending: (oracle, ours) =>
    JSON.stringify(comparableIdle(oracle, true)) === JSON.stringify(comparableIdle(ours, true)),
};

/**
 * Records as 7.0 has them. After its XCLAIMs 7.2 logs also how many entries the group has read; and the log here tells of
 * new consumers and of deliveries of what is pending, too. This makes units of what was a single record.
 */
function logOf70(records: readonly LogRecord[]): LogRecord[] {
  const kept: LogRecord[] = [];
  for (const record of records) {
    const { args } = record;
    if (args.length === 1 || args[1] === 'CREATECONSUMER') continue;
    const isPosition = args[0] === 'XGROUP' && args[1] === 'SETID' && args[5] === 'ENTRIESREAD';
    if (isPosition && kept.at(-1)?.args[0] === 'XCLAIM') continue;
    if (args[0] !== 'XCLAIM') kept.push(record);
    // Redis logs IDs as the client has spelled them.
    else if (args.includes('LASTID'))
      kept.push({ ...record, args: args.with(5, args[5].includes('-') ? args[5] : `${args[5]}-0`) });
  }
  return kept;
}

export const STREAM_OPTIONS: CompareOptions = { rules: STREAM_RULES, comparableLog: logOf70 };
