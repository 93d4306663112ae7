/**
 * The plots, as plain SVG. Lengths across are percentages, heights are the style's, so that marks stretch with the page while
 * text keeps its size; nothing has a view box.
 */
import { bytesText, countText, durationText, shareText, utcText } from '../number-text.ts';
import { type ExplainedTimeline, type Explanation, type GrowthRow, OTHER_SERIES, type Series } from './explanation.ts';
import { type Html, html } from './html.ts';
import { keyText } from './key-text.ts';

/** Part of a column that stays free between it and the next. */
const GAP = 0.16;
/** Labels of the time axis, which must fit on a phone. */
const MAX_TICKS = 6;
const STEPS_SEC = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  2_592_000, 31_536_000,
];

/** The hatching that dead bytes have, for all plots of the page. */
export const HATCH = html`<svg width="0" height="0" aria-hidden="true" class="hidden"><defs>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="hatch-ground" width="6" height="6"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="6" stroke-width="2"/>
</pattern></defs></svg>`;

/** How a bar of `bytes` is told apart: what of it is alive, if that is known. */
export interface BarPart {
  readonly bytes: number;
  readonly liveBytes: number | undefined;
}

/** Live and dead bytes one behind the other; `most` is the whole width. The table beside it has the numbers. */
export function bar({ bytes, liveBytes }: BarPart, most: number): Html {
  if (liveBytes === undefined)
    return html`<svg class="plot" aria-hidden="true">${rect('plain', 0, bytes / most)}</svg>`;
  const live = Math.min(bytes, Math.max(0, liveBytes));
  return html`<svg class="plot" aria-hidden="true">${rect('live', 0, live / most)}${rect('dead', live / most, (bytes - live) / most)}</svg>`;
}

/** A bar of one kind. */
export function plainBar(value: number, most: number, kind: 'live' | 'plain' | 'late'): Html {
  return html`<svg class="plot" aria-hidden="true">${rect(kind, 0, value / Math.max(1, most))}</svg>`;
}

function rect(kind: string, start: number, width: number): Html | undefined {
  if (!(width > 0)) return undefined;
  // What is there is seen: one pixel and a half at least.
  const shown = Math.max(width, 0.004);
  return html`<rect class="${kind}" x="${percent(Math.min(start, 1 - shown))}" width="${percent(Math.min(1, shown))}" height="100%"/>`;
}

/** All of the log: what is alive and what is dead. */
export function wholeBar(liveBytes: number, totalBytes: number): Html {
  const label = `${bytesText(liveBytes)} of ${bytesText(totalBytes)} are live`;
  const share = totalBytes === 0 ? 1 : Math.min(1, liveBytes / totalBytes);
  return html`<svg class="plot" role="img" aria-label="${label}">${rect('live', 0, share)}${rect('dead', share, 1 - share)}</svg>`;
}

/** Bytes over time, or records along the log, with axes. */
export function timePlot(explanation: Explanation): Html {
  const { timeline, recent } = explanation;
  const values = valuesOf(timeline);
  const peak = values.indexOf(Math.max(...values));
  const top = niceAbove(values[peak] ?? 0);
  const late = firstLate(timeline, recent.bytes);
  const count = values.length;
  const columns = values.map((value, i) => {
    const height = value / top;
    return html`<g class="slot" data-i="${i}"><title>${slotText(timeline, i)}</title><rect class="hit" x="${percent(i / count)}" width="${percent(1 / count)}" height="100%"/><rect class="${i >= late ? 'late' : 'live'}" x="${percent((i + GAP / 2) / count)}" width="${percent((1 - GAP) / count)}" y="${percent(1 - height)}" height="${percent(height)}"/></g>`;
  });
  const { axis } = timeline;
  const unit = axis === 'time' ? bytesText : countText;
  const lines = [1, 0.5].map(
    (share) =>
      html`<line class="grid" x1="0" x2="100%" y1="${percent(1 - share)}" y2="${percent(1 - share)}"/><text x="0" y="${percent(1 - share)}" dy="-4">${unit(share * top)}</text>`,
  );
  const x = (peak + 0.5) / count;
  const anchor = x < 0.12 ? 'start' : x > 0.88 ? 'end' : 'middle';
  const label = html`<text class="peak" x="${percent(x)}" y="${percent(1 - (values[peak] ?? 0) / top)}" dy="-5" text-anchor="${anchor}">${unit(values[peak] ?? 0)}</text>`;
  return html`<svg class="plot" role="img" tabindex="0" aria-labelledby="time-title time-desc">
<title id="time-title">${axis === 'time' ? 'Bytes written over time' : 'Records along the log'}</title>
<desc id="time-desc">${count} columns. Highest: ${slotText(timeline, peak)}. Arrow keys go from column to column.</desc>
${lines}${columns}<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/>${label}</svg>
<svg class="axis" height="22" aria-hidden="true">${ticks(timeline)}</svg>`;
}

/** A series in small, with its own height: it shows when, not how much. */
export function smallPlot({ name, bytes, points }: Series, timeline: ExplainedTimeline): Html {
  const most = Math.max(1, ...points);
  const count = points.length;
  const peak = points.indexOf(most);
  const title = name === OTHER_SERIES ? 'other keys' : keyText(name) || '(empty key)';
  const columns = points.map((value, i) =>
    value === 0 && i !== peak
      ? html`<g data-i="${i}"><rect class="hit" x="${percent(i / count)}" width="${percent(1 / count)}" height="100%"/></g>`
      : html`<g data-i="${i}"><rect class="hit" x="${percent(i / count)}" width="${percent(1 / count)}" height="100%"/><rect class="live" x="${percent((i + GAP / 2) / count)}" width="${percent((1 - GAP) / count)}" y="${percent(1 - value / most)}" height="${percent(value / most)}"/></g>`,
  );
  return html`<figure><figcaption><span class="name">${title}</span><span>${bytesText(bytes)}</span></figcaption>
<svg class="plot" role="img" aria-label="${title}: ${bytesText(bytes)}, peak ${placeText(timeline, peak)}">${columns}<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/></svg>
<p class="peak">peak ${shortPlaceText(timeline, peak)}</p></figure>`;
}

/** From the share before to the share in the last part. @param most the share at the right end */
export function dumbbell(
  row: GrowthRow,
  totals: { readonly before: number; readonly last: number },
  most: number,
): Html {
  const before = totals.before === 0 ? 0 : row.bytesBefore / totals.before;
  const then = totals.last === 0 ? 0 : row.bytes / totals.last;
  // The dots stay inside.
  const at = (share: number): string => percent(0.02 + (0.96 * share) / Math.max(most, 1e-9));
  return html`<svg class="plot" aria-hidden="true"><line class="grid" x1="0" x2="100%" y1="50%" y2="50%"/><line class="way" x1="${at(before)}" x2="${at(then)}" y1="50%" y2="50%"/><circle class="before" cx="${at(before)}" cy="50%" r="4"/><circle class="then" cx="${at(then)}" cy="50%" r="5.5"/></svg>`;
}

/** What is in a column, in words. */
function slotText(timeline: ExplainedTimeline, index: number): string {
  const { buckets, types, prefixes } = timeline;
  const { bytes = 0, commands = 0 } = buckets[index] ?? {};
  const what = `${bytesText(bytes)}, ${countText(commands)} records`;
  if (bytes === 0) return `${placeText(timeline, index)}: nothing`;
  const heaviest = (series: readonly Series[]): string => {
    const named = series.filter(({ name, points }) => name !== OTHER_SERIES && (points[index] ?? 0) > 0);
    const [first] = named.sort((a, b) => (b.points[index] ?? 0) - (a.points[index] ?? 0));
    return first === undefined ? '' : `; ${keyText(first.name)} ${shareText(first.points[index] ?? 0, bytes)}`;
  };
  return `${placeText(timeline, index)}: ${what}${heaviest(prefixes)}${heaviest(types)}`;
}

/** When or where a column is. */
export function placeText({ axis, origin, width }: ExplainedTimeline, index: number): string {
  const start = origin + index * width;
  if (axis === 'position') return `at ${bytesText(start)} of the log`;
  return `${utcText(start).slice(0, width < 60 ? 19 : 16)} UTC (${durationText(width)})`;
}

/** The same, as short as it is clear: the day only where there are several. */
function shortPlaceText({ axis, origin, width, buckets }: ExplainedTimeline, index: number): string {
  const start = origin + index * width;
  if (axis === 'position') return `at ${bytesText(start)}`;
  const isOneDay = utcText(origin).slice(0, 10) === utcText(origin + (buckets.length - 1) * width).slice(0, 10);
  return utcText(start).slice(isOneDay ? 11 : 5, width < 60 ? 19 : 16);
}

/** Along positions all parts of the log have the same bytes: there it is records that tell. */
function valuesOf({ axis, buckets }: ExplainedTimeline): number[] {
  return buckets.map(({ bytes, commands }) => (axis === 'time' ? bytes : commands));
}

/** The column in which the last so many bytes of the log begin. */
function firstLate({ buckets }: ExplainedTimeline, recentBytes: number): number {
  let bytes = 0;
  let index = buckets.length;
  while (index > 0 && bytes + (buckets[index - 1]?.bytes ?? 0) <= recentBytes) bytes += buckets[--index]?.bytes ?? 0;
  return Math.min(index, buckets.length - 1);
}

function ticks({ axis, origin, width, buckets }: ExplainedTimeline): Html[] {
  const span = width * buckets.length;
  if (axis === 'position') {
    return [0, 0.25, 0.5, 0.75, 1].map((share) => tick(share, share === 0 ? 'beginning' : bytesText(share * span)));
  }
  const step = STEPS_SEC.find((sec) => span / sec <= MAX_TICKS) ?? span;
  const found: Html[] = [];
  for (let at = Math.ceil(origin / step) * step; at <= origin + span && found.length <= MAX_TICKS; at += step) {
    const text = utcText(at);
    const isDay = step >= 86_400 || at % 86_400 === 0;
    found.push(tick((at - origin) / span, isDay ? text.slice(5, 10) : text.slice(11, step < 60 ? 19 : 16)));
  }
  return found;
}

function tick(share: number, text: string): Html {
  const anchor = share < 0.05 ? 'start' : share > 0.95 ? 'end' : 'middle';
  return html`<line class="base" x1="${percent(share)}" x2="${percent(share)}" y1="0" y2="4"/><text x="${percent(share)}" y="17" text-anchor="${anchor}">${text}</text>`;
}

/** The next of 1, 1.5, 2, 2.5, 4, 5, 7.5, 10 … above. */
function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 2.5, 4, 5, 7.5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

function percent(share: number): string {
  return `${Number((100 * Math.max(0, Math.min(1, share))).toFixed(3))}%`;
}
