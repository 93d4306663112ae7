/** From what was counted to what is reported: rows, sorted, the rest as "other". */

import {
  type Bucket,
  type LogStatistics,
  OTHER,
  OTHER_DATABASES,
  type PrefixNode,
  type Sums,
  type Timeline,
} from '@aof/log-statistics';
import { durationText } from '../number-text.ts';
import {
  type ExplainedTimeline,
  type Explanation,
  type GrowthRow,
  type NamedRow,
  OTHER_SERIES,
  type PrefixRow,
  type RecentGrowth,
  type Series,
} from './explanation.ts';

/** What the statistics do not hold. */
export type Findings = Pick<
  Explanation,
  'path' | 'atMs' | 'files' | 'unread' | 'rewrite' | 'expiry' | 'biggestKeys' | 'hottestKeys'
>;

export interface TableOptions {
  /** Rows of each list, and of each level of the tree. */
  readonly top: number;
  /** What counts as the last part of the log. */
  readonly last: { readonly share: number } | { readonly seconds: number };
}

/** A prefix is opened if it has this share of the log or more; below that its children say nothing. */
const MIN_SHARE_TO_OPEN = 0.01;
/** With the others that makes eight, which fill rows of four and of two. */
const SERIES = 7;

export function explanationOf(statistics: LogStatistics, findings: Findings, options: TableOptions): Explanation {
  const { bytes, commands, firstTimeSec, lastTimeSec, hotKeys, byCommand } = statistics;
  const isReplayed = findings.rewrite !== undefined;
  return {
    ...findings,
    totalBytes: bytes + (findings.unread?.bytes ?? 0),
    commands,
    firstTimeSec,
    lastTimeSec,
    byCommand: byCommand.top().map(({ name, weight, commands: count }) => ({ name, bytes: weight, commands: count })),
    byType: rowsOf(statistics.byType, (name) => name, isReplayed),
    byDatabase: rowsOf(statistics.byDatabase, databaseText, isReplayed),
    byPrefix: prefixRow(statistics.prefixes.root, { ...options, isReplayed, total: bytes }),
    timeline: timelineOf(statistics),
    hottestMayMiss: hotKeys.absentCeiling,
    recent: recentOf(statistics, options),
  };
}

function databaseText(database: number): string {
  return database === OTHER_DATABASES ? 'others' : String(database);
}

function rowsOf<K>(rows: ReadonlyMap<K, Sums>, nameOf: (name: K) => string, isReplayed: boolean): NamedRow[] {
  return [...rows]
    .map(([name, { bytes, commands, liveBytes, liveKeys }]) => ({
      name: nameOf(name),
      bytes,
      commands,
      liveBytes: isReplayed ? Math.round(liveBytes) : undefined,
      liveKeys: isReplayed ? Math.round(liveKeys) : undefined,
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

interface PrefixOptions extends TableOptions {
  readonly isReplayed: boolean;
  /** Bytes of the log. */
  readonly total: number;
}

function prefixRow(start: PrefixNode, options: PrefixOptions): PrefixRow {
  const { top, isReplayed, total } = options;
  const node = start.parent === undefined ? start : deepestOnly(start);
  const { weight: bytes, mayMiss, writes, liveBytes, liveKeys, expiries } = node;
  const isOpened = start.parent === undefined || bytes >= MIN_SHARE_TO_OPEN * total;
  const shown = isOpened ? (node.children?.top(top) ?? []) : [];
  const children = shown.map((child) => prefixRow(child, options));
  const other = otherRow(node, shown, isReplayed);
  return {
    prefix: node.prefix,
    bytes,
    mayMiss,
    writes,
    liveBytes: isReplayed ? Math.round(liveBytes) : undefined,
    liveKeys: isReplayed ? Math.round(liveKeys) : undefined,
    expiries: Math.round(expiries),
    children: other === undefined || children.length === 0 ? children : [...children, other],
  };
}

/** A prefix with a single one below it says no more than that one. */
function deepestOnly(start: PrefixNode): PrefixNode {
  let node = start;
  for (;;) {
    const [only, ...others] = node.children?.top() ?? [];
    if (only === undefined || others.length > 0 || only.weight !== node.weight) return node;
    node = only;
  }
}

/** What a node has beyond the children that are shown. */
function otherRow(node: PrefixNode, shown: readonly PrefixNode[], isReplayed: boolean): PrefixRow | undefined {
  const rest = (of: (row: PrefixNode) => number): number => shown.reduce((left, child) => left - of(child), of(node));
  const bytes = rest(({ weight }) => weight);
  const liveBytes = rest((row) => row.liveBytes);
  if (bytes === 0 && liveBytes === 0) return undefined;
  return {
    prefix: undefined,
    bytes,
    mayMiss: 0,
    writes: rest(({ writes }) => writes),
    liveBytes: isReplayed ? Math.round(liveBytes) : undefined,
    liveKeys: isReplayed ? Math.round(rest(({ liveKeys }) => liveKeys)) : undefined,
    expiries: Math.round(rest(({ expiries }) => expiries)),
    children: [],
  };
}

function timelineOf({ byTime, byPosition, untimedBytes }: LogStatistics): ExplainedTimeline {
  // A single second says nothing about when; the position then says more.
  const isTimed = byTime !== undefined && byTime.buckets.length > 1;
  const timeline = isTimed ? byTime : byPosition;
  const { buckets } = timeline;
  return {
    axis: isTimed ? 'time' : 'position',
    origin: timeline.origin,
    width: timeline.width,
    buckets: buckets.map(({ bytes, commands }) => ({ bytes, commands })),
    types: seriesOf(buckets, ({ types }) => types, SERIES),
    prefixes: seriesOf(buckets, ({ prefixes }) => prefixes, SERIES),
    untimedBytes: isTimed ? untimedBytes : 0,
  };
}

function seriesOf(
  buckets: readonly Bucket[],
  of: (bucket: Bucket) => ReadonlyMap<string, number>,
  count: number,
): Series[] {
  const sums = sumsOf(buckets, of);
  const names = [...sums.keys()].filter((name) => name !== OTHER);
  names.sort((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0));
  const shown = names.slice(0, count);
  const series = shown.map(
    (name): Series => ({
      name,
      bytes: sums.get(name) ?? 0,
      points: buckets.map((bucket) => of(bucket).get(name) ?? 0),
    }),
  );
  const points = buckets.map((bucket, i) =>
    series.reduce((left, { points: p }) => left - (p[i] ?? 0), sum(of(bucket).values())),
  );
  const bytes = sum(points);
  return bytes > 0 ? [...series, { name: OTHER_SERIES, bytes, points }] : series;
}

function sumsOf(buckets: readonly Bucket[], of: (bucket: Bucket) => ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const bucket of buckets) {
    for (const [name, bytes] of of(bucket)) sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  return sums;
}

function recentOf(
  { byTime, byPosition, bytes, lastTimeSec }: LogStatistics,
  { last, top }: TableOptions,
): RecentGrowth {
  const isTimed = 'seconds' in last && byTime !== undefined && lastTimeSec !== undefined;
  const timeline = isTimed ? byTime : byPosition;
  const { buckets } = timeline;
  const share = 'share' in last ? last.share : 0.1;
  const begin = isTimed ? lastTimeSec + 1 - last.seconds : bytes * (1 - share);
  // Whole buckets only: all that was asked for, at least the last one. Positions meet their buckets but for rounding.
  const bucket = Math.floor((begin - timeline.origin) / timeline.width + 1e-6);
  const first = Math.min(buckets.length - 1, Math.max(0, bucket));
  const label = isTimed
    ? `the last ${durationText(lastTimeSec + 1 - bucketStart(timeline, first))}`
    : `the last ${Math.round(100 * (1 - bucketStart(timeline, first) / Math.max(1, bytes)))} %`;
  const [before, after] = [buckets.slice(0, Math.max(0, first)), buckets.slice(Math.max(0, first))];
  const totals = [sum(before.map((b) => b.bytes)), sum(after.map((b) => b.bytes))] as const;
  const [sumsBefore, sumsAfter] = [sumsOf(before, (b) => b.prefixes), sumsOf(after, (b) => b.prefixes)];
  const gain = (row: GrowthRow): number => gainOf(row, { bytesBefore: totals[0], bytes: totals[1] });
  const rows = [...sumsAfter]
    .filter(([name]) => name !== OTHER)
    .map(([prefix, grown]): GrowthRow => ({ prefix, bytes: grown, bytesBefore: sumsBefore.get(prefix) ?? 0 }))
    .sort((a, b) => gain(b) - gain(a));
  return { label, bytes: totals[1], bytesBefore: totals[0], rows: rows.slice(0, top) };
}

/** By how much a prefix's share is larger in the last part than before. */
function gainOf(row: GrowthRow, { bytes, bytesBefore }: Pick<RecentGrowth, 'bytes' | 'bytesBefore'>): number {
  return row.bytes / Math.max(1, bytes) - row.bytesBefore / Math.max(1, bytesBefore);
}

/** Less than this is not worth a row. */
const LEAST_GAIN = 0.001;

/** The prefixes that take more of the last part than of what precedes it, most first. */
export function grownRows(recent: RecentGrowth, count: number): readonly GrowthRow[] {
  if (recent.bytes === 0 || recent.bytesBefore === 0) return [];
  return recent.rows.filter((row) => gainOf(row, recent) > LEAST_GAIN).slice(0, count);
}

function bucketStart({ origin, width }: Timeline, index: number): number {
  return origin + index * width;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
