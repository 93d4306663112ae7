/**
 * The explanation as one page that stands for itself: nothing is loaded, and its policy forbids that anything is.
 *
 * Everything that comes from the log goes through `html`, which escapes. All numbers are in tables too, as text.
 */
import { createHash } from 'node:crypto';
import { bytesText, countText, durationText, shareText, shortCountText, utcText } from '../number-text.ts';
import type { Explanation, NamedRow } from './explanation.ts';
import { Html, html } from './html.ts';
import { keyText } from './key-text.ts';
import { HATCH, placeText, smallPlot, timePlot, wholeBar } from './page-plots.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';
import {
  biggestTable,
  commandTable,
  expiryTable,
  growthTable,
  hottestTable,
  namedTable,
  prefixTables,
} from './page-tables.ts';
import { deadBytesOf, expiriesText, hotBoundText, verdictOf, withoutTimeText } from './verdict.ts';

/** A whole document, UTF-8. */
export function pageOf(explanation: Explanation): string {
  const { headline, details } = verdictOf(explanation);
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${headline}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${HATCH}
<main>
<header>
<p class="path">${explanation.path}</p>
<h1>${headline}</h1>
<div class="details">${details.map((text) => html`<p>${text}</p>`)}</div>
${whole(explanation)}
${facts(explanation)}
</header>
${explanation.totalBytes === 0 ? undefined : sections(explanation)}
<footer>check-aof explain, ${utcText(Math.floor(explanation.atMs / 1000))} UTC</footer>
</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function whole(explanation: Explanation): Html | undefined {
  const { rewrite, totalBytes } = explanation;
  if (rewrite === undefined || totalBytes === 0) return undefined;
  const dead = deadBytesOf(explanation);
  const live = totalBytes - dead;
  return html`<figure class="whole">${wholeBar(live, totalBytes)}
<figcaption class="ends"><span>${swatch('live')}live ${bytesText(live)}</span><span>${swatch('dead')}dead ${bytesText(dead)}, ${shareText(dead, totalBytes)}</span></figcaption></figure>`;
}

function swatch(kind: string): Html {
  return html`<svg class="key" width="11" height="11" aria-hidden="true"><rect class="${kind}" width="11" height="11"/></svg>`;
}

function facts({ files, totalBytes, commands, rewrite, firstTimeSec, lastTimeSec }: Explanation): Html {
  const rows: [name: string, value: string, note: string][] = [
    ['Size', bytesText(totalBytes), `${files.length} file${files.length === 1 ? '' : 's'}`],
    ['Records', shortCountText(commands), commands === 0 ? '' : `${bytesText(totalBytes / commands)} on average`],
  ];
  if (rewrite !== undefined) {
    const each = rewrite.liveKeys === 0 ? '' : `${bytesText(rewrite.liveBytes / rewrite.liveKeys)} on average`;
    rows.push(['Live keys', shortCountText(rewrite.liveKeys), rewrite.method === 'sampled' ? 'estimated' : each]);
    if (rewrite.rdbBytes !== undefined)
      rows.push(['As RDB base', bytesText(rewrite.rdbBytes), 'with aof-use-rdb-preamble']);
  }
  if (firstTimeSec === undefined || lastTimeSec === undefined)
    rows.push(['Time', 'unknown', 'the log has no timestamps']);
  else rows.push(['Time', durationText(lastTimeSec - firstTimeSec), `from ${utcText(firstTimeSec).slice(0, 16)} UTC`]);
  return html`<dl class="facts">${rows.map(([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`)}</dl>`;
}

function sections(explanation: Explanation): Html {
  return html`${overTime(explanation)}${grown(explanation)}${byPrefix(explanation)}${madeOf(explanation)}${keys(explanation)}${expiry(explanation)}${how(explanation)}`;
}

function overTime(explanation: Explanation): Html {
  const { timeline, recent } = explanation;
  const { axis, buckets, width, prefixes, untimedBytes } = timeline;
  const isTimed = axis === 'time';
  const each = isTimed ? `bytes per ${durationText(width)}` : `records per ${bytesText(width)}`;
  const lead = isTimed
    ? 'From the timestamps in the log, UTC.'
    : `Along the bytes of the log, not along time: ${withoutTimeText(explanation)}.`;
  const idle = 'Point at the plot, or go through it with the arrow keys.';
  return html`<section aria-labelledby="time"><h2 id="time">${isTimed ? 'When it was written' : 'Along the log'}</h2>
<p class="lead">${lead}${untimedBytes > 0 ? ` ${bytesText(untimedBytes)} precede the first one.` : ''}</p>
<p class="legend"><span>${each}</span><span>${swatch('late')}${recent.label}</span></p>
<figure class="time">${timePlot(explanation)}<figcaption class="readout" aria-live="polite">${idle}</figcaption></figure>
<details><summary>The same as a table</summary><div class="scroll" tabindex="0"><table><thead><tr><th scope="col">${isTimed ? 'Time' : 'Place'}</th><th scope="col">Bytes</th><th scope="col">Records</th></tr></thead>
<tbody>${buckets.map(({ bytes, commands }, i) => html`<tr><th scope="row">${placeText(timeline, i)}</th><td>${countText(bytes)}</td><td>${countText(commands)}</td></tr>`)}</tbody></table></div></details>
${
  prefixes.length < 2
    ? undefined
    : html`<div class="small">${prefixes.map((series) => smallPlot(series, timeline))}</div>
<p class="note">Bytes by prefix, each in its own scale: when, not how much.</p>`
}</section>`;
}

function grown(explanation: Explanation): Html | undefined {
  const table = growthTable(explanation);
  if (table === undefined) return undefined;
  const { label, bytes } = explanation.recent;
  return html`<section aria-labelledby="grown"><h2 id="grown">What grew last</h2>
<p class="lead">The share of each prefix before, and in ${label} (${bytesText(bytes)}): what takes more of the log than it used to.</p>${table}</section>`;
}

function byPrefix(explanation: Explanation): Html | undefined {
  const { byPrefix: root, rewrite } = explanation;
  if (root.children.length === 0) return undefined;
  return html`<section aria-labelledby="prefix"><h2 id="prefix">Which keys</h2>
<p class="lead">By key prefix. Numbers and other identifiers are shown as *.</p>
${rewrite === undefined ? undefined : html`<p class="legend"><span>${swatch('live')}live</span><span>${swatch('dead')}dead: a rewrite drops it</span></p>`}
${prefixTables(explanation)}</section>`;
}

function madeOf(explanation: Explanation): Html {
  const { byType, byDatabase } = explanation;
  const named = (title: string, what: string, rows: readonly NamedRow[]): Html =>
    html`<div><h3>${title}</h3>${namedTable(what, rows)}</div>`;
  return html`<section aria-labelledby="made"><h2 id="made">What it is made of</h2>
<div class="columns"><div><h3>Commands</h3>${commandTable(explanation)}</div><div>${named('Types', 'Type', byType)}
${byDatabase.length > 1 ? named('Databases', 'Database', byDatabase) : undefined}</div></div></section>`;
}

function keys(explanation: Explanation): Html | undefined {
  const { biggestKeys, hottestKeys, rewrite } = explanation;
  if (hottestKeys.length === 0 && biggestKeys.length === 0) return undefined;
  const among = rewrite?.method === 'sampled' ? 'Of the keys that were followed: ' : '';
  return html`<section aria-labelledby="keys"><h2 id="keys">Single keys</h2>
<div class="columns">
${hottestKeys.length === 0 ? undefined : html`<div><h3>Hottest: most writes</h3>${hottestTable(explanation)}<p class="note">${hotBoundText(explanation)}</p></div>`}
${biggestKeys.length === 0 ? undefined : html`<div><h3>Biggest: most live bytes</h3>${biggestTable(explanation)}<p class="note">${among}Bytes of the records that a rewrite writes for the key.</p></div>`}
</div></section>`;
}

function expiry({ expiry: churn, rewrite }: Explanation): Html | undefined {
  if (churn === undefined || churn.given === 0) return undefined;
  const estimated = (rewrite?.sampledOneIn ?? 1) > 1 ? ' Estimated from the keys that were followed.' : '';
  const bySelf =
    churn.deletedByExpiry === undefined
      ? ' Without timestamps the log does not say which of the deletions were by expiry.'
      : '';
  return html`<section aria-labelledby="expiry"><h2 id="expiry">Expiry</h2>
<p class="lead">${expiriesText(churn.given)}. What became of it:${estimated}${bySelf}</p>${expiryTable(churn)}</section>`;
}

function how({ files, rewrite, recent, byPrefix: root }: Explanation): Html {
  const missing = root.children.some(({ mayMiss }) => mayMiss > 0);
  return html`<section aria-labelledby="how"><h2 id="how">How this was counted</h2><div class="how">
<p>Every byte of the files was counted once, so each table adds up to the whole; bytes of a record with several keys belong to
the key that they follow. ${missing ? 'Prefixes marked ≥ are lower bounds: before they stood out they were counted as other keys.' : 'All counts of prefixes are exact.'}</p>
<p>${replayText(rewrite)}</p>
<p>“What grew last” compares ${recent.label} with everything before.</p>
<table><thead><tr><th scope="col">File</th><th scope="col">Bytes</th><th scope="col">RDB part</th></tr></thead><tbody>
${files.map(({ name, bytes, rdbBytes }) => html`<tr><th scope="row" class="name">${keyText(Buffer.from(name).toString('latin1'))}</th><td>${countText(bytes)}</td><td>${rdbBytes === 0 ? '' : countText(rdbBytes)}</td></tr>`)}
</tbody></table></div></section>`;
}

function replayText(rewrite: Explanation['rewrite']): string {
  if (rewrite === undefined) return 'Nothing was replayed (--no-replay): what is live is not known.';
  const simulated =
    'The log was replayed and the outcome rewritten without writing it: live is what a rewrite to records would write, dead is the rest.';
  if (rewrite.method === 'replayed') return simulated;
  return `${simulated} The data set did not fit into the memory allowed, so one key in ${rewrite.sampledOneIn} was followed and counted as many times; large ones were kept. --memory allows more.`;
}
