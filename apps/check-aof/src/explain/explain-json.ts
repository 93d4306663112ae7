/** The explanation as plain JSON: keys as text, and as base64 beside it where they are no UTF-8. */
import type { Explanation, PrefixRow, Series } from './explanation.ts';
import { keyText, utf8Of } from './key-text.ts';

/** Fields for the document that --json writes. */
export function explanationJson(explanation: Explanation): Readonly<Record<string, unknown>> {
  const { path, atMs, byPrefix, timeline, biggestKeys, hottestKeys, recent, ...rest } = explanation;
  return {
    log: path,
    at: new Date(atMs).toISOString(),
    ...rest,
    byPrefix: prefixJson(byPrefix),
    timeline: { ...timeline, prefixes: timeline.prefixes.map(seriesJson) },
    biggestKeys: biggestKeys.map(({ key, ...row }) => ({ ...keyJson(key), ...row })),
    hottestKeys: hottestKeys.map(({ key, ...row }) => ({ ...keyJson(key), ...row })),
    recent: { ...recent, rows: recent.rows.map(({ prefix, ...row }) => ({ prefix: keyText(prefix), ...row })) },
  };
}

function keyJson(key: string): { readonly key: string; readonly keyBase64?: string } {
  const text = utf8Of(key);
  if (text !== undefined) return { key: text };
  return { key: keyText(key, Number.POSITIVE_INFINITY), keyBase64: Buffer.from(key, 'latin1').toString('base64') };
}

function prefixJson({ prefix, children, ...row }: PrefixRow): Readonly<Record<string, unknown>> {
  const name = prefix === undefined ? { isOther: true } : { prefix: keyText(prefix) };
  return { ...name, ...row, ...(children.length > 0 ? { children: children.map(prefixJson) } : {}) };
}

function seriesJson({ name, ...series }: Series): Series {
  return { name: keyText(name), ...series };
}
