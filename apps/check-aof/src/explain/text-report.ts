/** The explanation as text for a terminal: what matters first, then tables with bars, at most 100 columns wide. */
import { bytesText, countText, durationText, shareText, shortCountText, utcText } from '../number-text.ts';
import type { Tone } from '../output.ts';
import type { Explanation, NamedRow, PrefixRow } from './explanation.ts';
import { keyText } from './key-text.ts';
import { grownRows } from './tables.ts';
import { deadBytesOf, expiriesText, hotBoundText, summaryOf, verdictOf, withoutTimeText } from './verdict.ts';

/** `text` as it looks with its tone. */
export type Paint = (tone: Tone, text: string) => string;

const WIDTH = 78;
const NAME_WIDTH = 34;
const BAR_WIDTH = 16;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Deeper levels of prefixes are on the page. */
const MAX_DEPTH = 2;
const GROWN_ROWS = 5;

/** @param top rows of each list */
export function textReport(explanation: Explanation, top: number, paint: Paint): string[] {
  return [
    ...head(explanation, paint),
    ...growth(explanation, paint),
    ...prefixes(explanation, top, paint),
    ...commands(explanation, top, paint),
    ...named('BY TYPE', explanation.byType, explanation, paint),
    ...(explanation.byDatabase.length > 1 ? named('BY DATABASE', explanation.byDatabase, explanation, paint) : []),
    ...overTime(explanation, paint),
    ...biggest(explanation, paint),
    ...hottest(explanation, paint),
    ...expiry(explanation, paint),
  ];
}

function head(explanation: Explanation, paint: Paint): string[] {
  const { path, totalBytes, rewrite } = explanation;
  const { headline, details, tone } = verdictOf(explanation);
  const lines = [keyText(Buffer.from(path).toString('latin1'), 200), summaryOf(explanation).join(' · '), ''];
  lines.push(paint('strong', paint(tone, headline)));
  if (rewrite !== undefined && totalBytes > 0) {
    const dead = deadBytesOf(explanation);
    const live = totalBytes - dead;
    lines.push(bar(live, totalBytes, WIDTH).padEnd(WIDTH, '░'));
    const { liveKeys } = rewrite;
    const left = `█ live ${bytesText(live)}, ${shortCountText(liveKeys)} ${liveKeys === 1 ? 'key' : 'keys'}`;
    lines.push(left + `░ dead ${bytesText(dead)}`.padStart(WIDTH - left.length));
  }
  return [...lines, ...details.flatMap(wrapped)];
}

function growth({ recent }: Explanation, paint: Paint): string[] {
  const { label, bytes, bytesBefore } = recent;
  const grown = grownRows(recent, GROWN_ROWS);
  if (grown.length === 0) return [];
  return [
    ...heading(`WHAT GREW LAST: ${label}, ${bytesText(bytes)}`, paint),
    line('', 'before', 'then', 'bytes'),
    ...grown.map((row) =>
      line(
        prefixText(row.prefix),
        shareText(row.bytesBefore, bytesBefore),
        shareText(row.bytes, bytes),
        bytesText(row.bytes),
      ),
    ),
  ];
}

function prefixes(explanation: Explanation, top: number, paint: Paint): string[] {
  const { byPrefix, totalBytes, rewrite } = explanation;
  if (byPrefix.children.length === 0) return [];
  const rows: string[] = [];
  const visit = (row: PrefixRow, depth: number): void => {
    const isOther = row.prefix === undefined;
    const name = isOther ? `${'  '.repeat(depth)}other` : '  '.repeat(depth) + prefixText(row.prefix ?? '');
    const least = row.mayMiss > 0 ? '≥ ' : '';
    const live = row.liveBytes === undefined ? '' : bytesText(row.liveBytes);
    const keys = row.liveKeys === undefined ? '' : shortCountText(row.liveKeys);
    rows.push(
      liveLine(name, row, totalBytes, [least + bytesText(row.bytes), shareText(row.bytes, totalBytes), live, keys]),
    );
    if (depth + 1 < MAX_DEPTH) for (const child of row.children.slice(0, top + 1)) visit(child, depth + 1);
  };
  for (const child of byPrefix.children) visit(child, 0);
  const titles = rewrite === undefined ? ['bytes', 'share', '', ''] : ['bytes', 'share', 'live', 'keys'];
  return [...heading('BY KEY PREFIX', paint), barLine('', 0, 1, titles), ...rows];
}

function commands({ byCommand, totalBytes }: Explanation, top: number, paint: Paint): string[] {
  const shown = byCommand.slice(0, top);
  const rest = byCommand.slice(top);
  const rows = shown.map(({ name, bytes, commands: count }) =>
    barLine(name, bytes, totalBytes, [bytesText(bytes), shareText(bytes, totalBytes), shortCountText(count)]),
  );
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, row) => sum + row.bytes, 0);
    const count = rest.reduce((sum, row) => sum + row.commands, 0);
    rows.push(
      barLine(`${rest.length} others`, bytes, totalBytes, [
        bytesText(bytes),
        shareText(bytes, totalBytes),
        shortCountText(count),
      ]),
    );
  }
  return [...heading('BY COMMAND', paint), barLine('', 0, 1, ['bytes', 'share', 'records']), ...rows];
}

function named(title: string, rows: readonly NamedRow[], { totalBytes, rewrite }: Explanation, paint: Paint): string[] {
  const titles = rewrite === undefined ? ['bytes', 'share'] : ['bytes', 'share', 'live', 'keys'];
  return [
    ...heading(title, paint),
    barLine('', 0, 1, titles),
    ...rows.map(({ name, bytes, liveBytes, liveKeys }) => {
      const cells = [bytesText(bytes), shareText(bytes, totalBytes)];
      if (liveBytes !== undefined) cells.push(bytesText(liveBytes), shortCountText(liveKeys ?? 0));
      return liveLine(name, { bytes, liveBytes }, totalBytes, cells);
    }),
  ];
}

function overTime(explanation: Explanation, paint: Paint): string[] {
  const { axis, buckets, origin, width, untimedBytes } = explanation.timeline;
  const isTimed = axis === 'time';
  // Along positions every part of the log is as large as the next: records tell more.
  const values = buckets.map(({ bytes, commands: count }) => (isTimed ? bytes : count));
  const columns = columnsOf(values, WIDTH);
  const most = Math.max(1, ...columns);
  const line = columns
    .map((value) => (value === 0 ? ' ' : LEVELS[Math.min(7, Math.floor((8 * value) / most))]))
    .join('');
  const peak = values.indexOf(Math.max(...values));
  const title = isTimed ? 'OVER TIME: bytes' : `ALONG THE LOG: records (${withoutTimeText(explanation)})`;
  const lines = [...heading(title, paint), line];
  if (isTimed) {
    const [from, to] = [utcText(origin), utcText(origin + buckets.length * width)];
    lines.push(from + to.padStart(Math.max(to.length + 1, columns.length - from.length)));
    lines.push(
      `Peak: ${bytesText(values[peak] ?? 0)} in ${durationText(width)} from ${utcText(origin + peak * width)} UTC`,
    );
    if (untimedBytes > 0) lines.push(`Before the first timestamp: ${bytesText(untimedBytes)}`);
  }
  return lines;
}

/** So many columns at most, of neighbours together. */
function columnsOf(values: readonly number[], count: number): number[] {
  const each = Math.max(1, Math.ceil(values.length / count));
  return Array.from({ length: Math.ceil(values.length / each) }, (_, i) =>
    values.slice(i * each, (i + 1) * each).reduce((sum, value) => sum + value, 0),
  );
}

function biggest({ biggestKeys, rewrite }: Explanation, paint: Paint): string[] {
  if (biggestKeys.length === 0) return [];
  const among = rewrite?.method === 'sampled' ? ', of the keys that were followed' : '';
  const most = biggestKeys[0]?.liveBytes ?? 1;
  return [
    ...heading(`BIGGEST KEYS: live bytes${among}`, paint),
    ...biggestKeys.map(({ key, database, type, liveBytes }) =>
      barLine(keyText(key, NAME_WIDTH), liveBytes, most, [bytesText(liveBytes), type, `db ${database}`]),
    ),
  ];
}

function hottest(explanation: Explanation, paint: Paint): string[] {
  const { hottestKeys } = explanation;
  if (hottestKeys.length === 0) return [];
  const most = hottestKeys[0]?.writes ?? 1;
  return [
    ...heading('HOTTEST KEYS: writes', paint),
    barLine('', 0, 1, ['writes', 'bytes', 'live', '']),
    ...hottestKeys.map(({ key, database, writes, mayMiss, bytes, liveBytes }) => {
      const live = liveBytes === undefined ? '?' : liveBytes === 0 ? 'gone' : bytesText(liveBytes);
      const cells = [(mayMiss > 0 ? '≥ ' : '') + shortCountText(writes), bytesText(bytes), live, `db ${database}`];
      return barLine(keyText(key, NAME_WIDTH), writes, most, cells);
    }),
    ...wrapped(hotBoundText(explanation)),
  ];
}

function expiry({ expiry: churn }: Explanation, paint: Paint): string[] {
  if (churn === undefined || churn.given === 0) return [];
  const { given, deleted, deletedByExpiry, persisted, flushed, due, waiting } = churn;
  const how =
    deletedByExpiry === undefined
      ? 'by their expiry or by a client: without timestamps the log does not say'
      : `${countText(deletedByExpiry)} by their expiry`;
  const rows: readonly (readonly [string, number])[] = [
    [`deleted (${how})`, deleted],
    ['lost it and stayed: overwritten, or PERSIST', persisted],
    ['went with a flush, or under another name', flushed],
    ['are past their time, without a DEL so far', due],
    ['will expire', waiting],
  ];
  return [
    ...heading(`EXPIRY: ${expiriesText(given)}`, paint),
    ...rows.filter(([, count]) => count > 0).map(([what, count]) => `${countText(count).padStart(13)}  ${what}`),
  ];
}

// --- lines -----------------------------------------------------------------------------------------------------------

function heading(text: string, paint: Paint): string[] {
  return ['', paint('strong', text)];
}

function line(name: string, ...cells: readonly string[]): string {
  return (fitted(name, NAME_WIDTH) + cells.map((cell) => cell.padStart(10)).join('')).trimEnd();
}

function barLine(name: string, value: number, most: number, cells: readonly string[]): string {
  return drawnLine(name, bar(value, most, BAR_WIDTH), cells);
}

function drawnLine(name: string, drawn: string, cells: readonly string[]): string {
  const [first = '', ...others] = cells;
  const numbers = first.padStart(10) + others.map((cell) => cell.padStart(9)).join('');
  return `${fitted(name, NAME_WIDTH)} ${drawn.padEnd(BAR_WIDTH)}${numbers}`.trimEnd();
}

/** The same, with what is alive of it, as in the bar of the whole log. */
function liveLine(
  name: string,
  { bytes, liveBytes }: Pick<NamedRow, 'bytes' | 'liveBytes'>,
  most: number,
  cells: readonly string[],
): string {
  if (liveBytes === undefined) return barLine(name, bytes, most, cells);
  const all = bytes === 0 ? 0 : Math.max(1, Math.round((BAR_WIDTH * bytes) / Math.max(1, most)));
  const live = Math.min(all, Math.round((all * liveBytes) / Math.max(1, bytes)));
  return drawnLine(name, '█'.repeat(live).padEnd(all, '░'), cells);
}

function bar(value: number, most: number, width: number): string {
  const eighths = Math.round((8 * width * Math.max(0, value)) / Math.max(1, most));
  const drawn = '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '');
  return drawn === '' && value > 0 ? '▏' : drawn;
}

function fitted(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** A prefix as keys are shown; the empty one needs a name. */
function prefixText(prefix: string): string {
  return prefix === '' ? '(empty key)' : keyText(prefix);
}

/** Lines no longer than the report is wide. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = '';
    }
    current += current === '' ? word : ` ${word}`;
  }
  return [...lines, current];
}
