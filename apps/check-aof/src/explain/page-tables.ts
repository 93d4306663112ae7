/** The tables of the page, each row with its bar. On a phone a row becomes a few lines, with what its numbers are of. */
import { bytesText, countText, shareText, shortCountText } from '../number-text.ts';
import type { CommandRow, ExpiryChurn, Explanation, NamedRow, PrefixRow } from './explanation.ts';
import { type Html, html } from './html.ts';
import { keyText } from './key-text.ts';
import { bar, dumbbell, plainBar } from './page-plots.ts';
import { grownRows } from './tables.ts';

interface Row {
  readonly name: Html;
  /** Indentation. */
  readonly level?: number;
  readonly plot: Html;
  readonly cells: readonly string[];
}

/** @param heads of the name, the plot, and the cells */
function table(kind: string, heads: readonly string[], rows: readonly Row[]): Html {
  const [name = '', plot = '', ...cells] = heads;
  return html`<table class="rows ${kind}" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${name}</th><th scope="col" role="columnheader"><span class="hidden">${plot}</span></th>${cells.map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => tableRow(row, cells))}</tbody></table>`;
}

function tableRow({ name, level = 0, plot, cells }: Row, heads: readonly string[]): Html {
  return html`<tr role="row" class="level-${level}"><th scope="row" role="rowheader">${name}</th><td role="cell" class="bar">${plot}</td>${cells.map((cell, i) => html`<td role="cell" class="${i === 0 ? 'first' : 'more'}" data-of="${heads[i] ?? ''}">${cell}</td>`)}</tr>
`;
}

function keyName(text: string): Html {
  return html`<span class="name">${text === '' ? '(empty key)' : keyText(text)}</span>`;
}

function most(values: readonly number[]): number {
  return Math.max(1, ...values);
}

/** A prefix at the first level with less than this of the log is shown with the others … */
const LEAST_SHARE = 0.004;
/** … and one below it with less than this, so that a tree of many branches stays short. */
const LEAST_SHARE_BELOW = 0.03;

/** The prefixes that matter, and the whole tree to be opened where that has more. */
export function prefixTables(explanation: Explanation): Html {
  const short = prefixRows(explanation, LEAST_SHARE_BELOW);
  const full = prefixRows(explanation, LEAST_SHARE);
  if (full.length === short.length) return prefixTable(explanation, short);
  return html`${prefixTable(explanation, short)}
<details><summary>All levels</summary><div class="scroll" tabindex="0">${prefixTable(explanation, full)}</div></details>`;
}

interface PrefixLine {
  readonly row: PrefixRow;
  readonly level: number;
}

/** @param leastBelow share of the log that a prefix below the first level must have to be shown */
function prefixRows({ byPrefix, totalBytes }: Explanation, leastBelow: number): PrefixLine[] {
  const lines: PrefixLine[] = [];
  const visit = (row: PrefixRow, level: number): void => {
    lines.push({ row, level });
    const children = folded(row.children, leastBelow * totalBytes);
    // Others alone say no more than their parent.
    if (children.some(({ prefix }) => prefix !== undefined)) for (const child of children) visit(child, level + 1);
  };
  for (const child of folded(byPrefix.children, LEAST_SHARE * totalBytes)) visit(child, 0);
  return lines;
}

function prefixTable({ totalBytes, rewrite }: Explanation, lines: readonly PrefixLine[]): Html {
  const largest = most(lines.map(({ row }) => row.bytes));
  const isReplayed = rewrite !== undefined;
  const hasExpiries = lines.some(({ row }) => row.expiries > 0);
  const heads = ['Prefix', 'Live and dead', 'bytes', 'share'];
  if (isReplayed) heads.push('live', 'keys');
  if (isReplayed && hasExpiries) heads.push('expired');
  const rows = lines.map(({ row, level }): Row => {
    const { prefix, bytes, mayMiss, liveBytes, liveKeys, expiries } = row;
    const cells = [(mayMiss > 0 ? '≥ ' : '') + bytesText(bytes), shareText(bytes, totalBytes)];
    if (isReplayed) cells.push(bytesText(liveBytes ?? 0), shortCountText(liveKeys ?? 0));
    if (isReplayed && hasExpiries) cells.push(expiries > 0 ? shortCountText(expiries) : '');
    const name = prefix === undefined ? html`<span class="soft">other keys</span>` : keyName(prefix);
    return { name, level: Math.min(3, level), plot: bar({ bytes, liveBytes }, largest), cells };
  });
  return table('by-key', heads, rows);
}

/** The rows from so many bytes on; the rest as one. */
function folded(rows: readonly PrefixRow[], leastBytes: number): readonly PrefixRow[] {
  const isShown = ({ prefix, bytes }: PrefixRow): boolean => prefix !== undefined && bytes >= leastBytes;
  const rest = rows.filter((row) => !isShown(row));
  if (rest.length <= 1) return rows;
  const sum = (of: (row: PrefixRow) => number): number => rest.reduce((total, row) => total + of(row), 0);
  const other: PrefixRow = {
    prefix: undefined,
    bytes: sum(({ bytes }) => bytes),
    mayMiss: 0,
    writes: sum(({ writes }) => writes),
    liveBytes: rest[0]?.liveBytes === undefined ? undefined : sum(({ liveBytes }) => liveBytes ?? 0),
    liveKeys: rest[0]?.liveKeys === undefined ? undefined : sum(({ liveKeys }) => liveKeys ?? 0),
    expiries: sum(({ expiries }) => expiries),
    children: [],
  };
  return [...rows.filter(isShown), other];
}

const COMMAND_ROWS = 12;

export function commandTable({ byCommand, totalBytes }: Explanation): Html {
  const largest = most(byCommand.map(({ bytes }) => bytes));
  const shown = byCommand.length > COMMAND_ROWS + 1 ? byCommand.slice(0, COMMAND_ROWS) : byCommand;
  const rest = byCommand.slice(shown.length);
  const row = ({ name, bytes, commands }: CommandRow): Row => ({
    name: html`<span class="name">${name}</span>`,
    plot: plainBar(bytes, largest, 'plain'),
    cells: [bytesText(bytes), shareText(bytes, totalBytes), shortCountText(commands)],
  });
  const rows = shown.map(row);
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, other) => sum + other.bytes, 0);
    const commands = rest.reduce((sum, other) => sum + other.commands, 0);
    rows.push({ ...row({ name: '', bytes, commands }), name: html`<span class="soft">${rest.length} others</span>` });
  }
  return table('half', ['Command', 'Bytes', 'bytes', 'share', 'records'], rows);
}

export function namedTable(what: string, rows: readonly NamedRow[]): Html {
  const largest = most(rows.map(({ bytes }) => bytes));
  const isReplayed = rows.some(({ liveBytes }) => liveBytes !== undefined);
  const heads = [what, 'Live and dead', 'bytes', ...(isReplayed ? ['live', 'keys'] : ['records'])];
  return table(
    'half',
    heads,
    rows.map(({ name, bytes, commands, liveBytes, liveKeys }) => ({
      name: html`${name}`,
      plot: bar({ bytes, liveBytes }, largest),
      cells: [
        bytesText(bytes),
        ...(isReplayed ? [bytesText(liveBytes ?? 0), shortCountText(liveKeys ?? 0)] : [shortCountText(commands)]),
      ],
    })),
  );
}

const GROWN_ROWS = 8;

/** Undefined: nothing takes more of the end of the log than of what precedes it. */
export function growthTable({ recent }: Explanation): Html | undefined {
  const { bytes, bytesBefore } = recent;
  const grown = grownRows(recent, GROWN_ROWS);
  if (grown.length === 0) return undefined;
  const widest = Math.max(...grown.map((row) => Math.max(row.bytes / bytes, row.bytesBefore / bytesBefore)));
  return table(
    'wide dumbbell',
    ['Prefix', 'From the share before to the share then', 'bytes', 'before', 'then'],
    grown.map((row) => ({
      name: keyName(row.prefix),
      plot: dumbbell(row, { before: bytesBefore, last: bytes }, widest),
      cells: [bytesText(row.bytes), shareText(row.bytesBefore, bytesBefore), shareText(row.bytes, bytes)],
    })),
  );
}

export function hottestTable({ hottestKeys, rewrite }: Explanation): Html {
  const largest = most(hottestKeys.map(({ writes }) => writes));
  const heads = ['Key', 'Writes', 'writes', 'bytes', ...(rewrite === undefined ? [] : ['live'])];
  return table(
    'half',
    heads,
    hottestKeys.map(({ database, key, writes, mayMiss, bytes, liveBytes }) => {
      const live = liveBytes === undefined ? 'not followed' : liveBytes === 0 ? 'gone' : bytesText(liveBytes);
      const cells = [(mayMiss > 0 ? '≥ ' : '') + shortCountText(writes), bytesText(bytes)];
      return {
        name: keyInDatabase(database, key),
        plot: plainBar(writes, largest, 'plain'),
        cells: rewrite === undefined ? cells : [...cells, live],
      };
    }),
  );
}

export function biggestTable({ biggestKeys }: Explanation): Html {
  const largest = most(biggestKeys.map(({ liveBytes }) => liveBytes));
  return table(
    'half',
    ['Key', 'Live bytes', 'live', 'type'],
    biggestKeys.map(({ database, key, type, liveBytes }) => ({
      name: keyInDatabase(database, key),
      plot: plainBar(liveBytes, largest, 'live'),
      cells: [bytesText(liveBytes), type],
    })),
  );
}

function keyInDatabase(database: number, key: string): Html {
  return database === 0 ? keyName(key) : html`${keyName(key)} <span class="soft">db ${database}</span>`;
}

export function expiryTable({ deleted, deletedByExpiry, persisted, flushed, due, waiting }: ExpiryChurn): Html {
  const byClient = deletedByExpiry === undefined ? undefined : deleted - deletedByExpiry;
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['Deleted by their expiry', deletedByExpiry],
    [
      byClient === undefined ? 'Deleted, by expiry or a client' : 'Deleted by a client before that',
      byClient ?? deleted,
    ],
    ['Lost it and stayed (overwritten, PERSIST)', persisted],
    ['Went with a flush, or under another name', flushed],
    ['Past their time, and no DEL so far', due],
    ['Will expire', waiting],
  ];
  const largest = most(rows.map(([, count]) => count ?? 0));
  return table(
    'wide',
    ['What became of it', 'Keys', 'keys'],
    rows
      .filter(([, count]) => count !== undefined && count > 0)
      .map(([what, count = 0]) => ({
        name: html`${what}`,
        plot: plainBar(count, largest, 'plain'),
        cells: [countText(count)],
      })),
  );
}
