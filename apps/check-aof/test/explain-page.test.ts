/**
 * The page of explain in a headless Chromium: nothing complains, everything is drawn, nothing is loaded, it fits a desk and a
 * phone, in light and dark; and no key becomes part of the page.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainLog } from '../src/explain/explain-log.ts';
import { pageOf } from '../src/explain/page.ts';
import { Browser, chromiumOnPath, type View } from './chromium.ts';

const chromium = chromiumOnPath();
if (chromium === undefined) process.stderr.write('SKIPPED 8 tests of the page of explain: no chromium on PATH\n');

const ATTACKS = [
  '<script>window.hit=1</script>',
  '"><img src=x onerror="window.hit=1">',
  "';window.hit=1;//",
  '</style><b>',
];
const STRANGE = ['\xff\xfe\x00', '\u202etxt.exe', 'k'.repeat(3000), '', 'naïve:ключ:鍵', '&amp;:&lt;'];

function record(...args: readonly string[]): Buffer {
  const parts = args.map((arg) =>
    Buffer.from(arg, /^[\x20-\xff]*$/.test(arg) && arg.includes('\xff') ? 'latin1' : 'utf8'),
  );
  return Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ]);
}

/** Every section has something to show. @param isTimed with timestamps */
function logWithEverything(isTimed: boolean): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < 900; i++) {
    const sec = 1_700_000_000 + i * 60;
    if (isTimed) parts.push(Buffer.from(`#TS:${sec}\r\n`));
    parts.push(record('SET', `session:${i}`, 'x'.repeat(i % 90), 'PXAT', String((sec + 300) * 1000)));
    if (i >= 5) parts.push(record('DEL', `session:${i - 5}`));
    parts.push(record('HSET', `user:${i % 40}:cart`, `item${i % 7}`, 'v'), record('INCR', 'stats:visits'));
    if (i > 800) parts.push(record('SADD', `late:${i}`, 'm'.repeat(60)));
    if (i % 100 === 0) parts.push(record('SELECT', String((i / 100) % 3)));
  }
  for (const name of [...ATTACKS, ...STRANGE]) {
    parts.push(
      record('SET', name, 'y'.repeat(4000)),
      record('SET', `${name}:${name}`, 'z'.repeat(9000)),
      record('RPUSH', `${name}2`, 'e'),
    );
    for (let i = 0; i < 950; i++) parts.push(record('SET', name, 'y'));
    parts.push(record(`${name.slice(0, 40)}`, 'a'));
  }
  return Buffer.concat(parts);
}

async function page(bytes: Uint8Array, memoryBytes?: number): Promise<string> {
  const disk = new SimDisk();
  const file = disk.open('<script>window.hit=1<script>.aof', 'truncate');
  file.write(bytes);
  file.close();
  const explanation = await explainLog(disk, findLog(disk, '<script>window.hit=1<script>.aof'), {
    nowMs: 1_800_000_000_000,
    separator: ':',
    top: 30,
    last: { share: 0.1 },
    memoryBytes,
    progress: () => {},
  });
  return pageOf(explanation);
}

const VIEWS: Readonly<Record<string, View>> = {
  'at a desk': { width: 1280, height: 900, scheme: 'light', isPhone: false },
  'at a desk, dark': { width: 1280, height: 900, scheme: 'dark', isPhone: false },
  'on a phone': { width: 360, height: 740, scheme: 'light', isPhone: true },
  'on a phone, dark': { width: 360, height: 740, scheme: 'dark', isPhone: true },
};

test('loads nothing, and says so to the browser', async () => {
  const text = await page(logWithEverything(true), 1e9);
  expect(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/.test(text)).toBe(true);
  expect(/https?:\/\/|<link|<img|@import|url\((?!#)/.exec(text)?.[0]).toBeUndefined();
  for (const attack of ATTACKS) expect([attack, text.includes(attack)]).toEqual([attack, false]);
  expect(text.match(/<script/g)).toHaveLength(1);
});

describe.skipIf(chromium === undefined)('in Chromium', () => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-page-'));
  const paths = {
    timed: join(folder, 'timed.html'),
    untimed: join(folder, 'untimed.html'),
    empty: join(folder, 'empty.html'),
  };
  let browser: Browser;
  beforeAll(async () => {
    fs.writeFileSync(paths.timed, await page(logWithEverything(true), 1e9));
    fs.writeFileSync(paths.untimed, await page(logWithEverything(false)));
    fs.writeFileSync(paths.empty, await page(Buffer.alloc(0), 1e9));
    browser = await Browser.start(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    fs.rmSync(folder, { recursive: true });
  });

  async function expectSound(path: string, view: View, leastPlots: number): Promise<void> {
    browser.requests.length = 0;
    await browser.open(path, view);
    expect(browser.complaints).toEqual([]);
    expect(browser.requests).toEqual([`file://${path}`]);
    const seen = await browser.evaluate<Record<string, unknown>>(`(() => {
      const plots = [...document.querySelectorAll('svg.plot')];
      const isDrawn = (svg) => {
        const box = svg.getBoundingClientRect();
        const marks = [...svg.querySelectorAll('rect:not(.hit), circle')].map((mark) => mark.getBoundingClientRect());
        return box.width > 20 && box.height > 6 && marks.length > 0 && marks.every(({ width }) => width > 0) && marks.some(({ height }) => height > 3);
      };
      const texts = [...document.querySelectorAll('h1, p, th, td, dd, text')].filter((e) => e.getClientRects().length > 0);
      const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const light = (color) => channels(color).map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const paper = light(getComputedStyle(document.body).backgroundColor);
      const contrast = (element) => {
        const style = getComputedStyle(element);
        const ink = light(element.tagName === 'text' ? style.fill : style.color);
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      };
      return {
        hit: window.hit, plots: plots.length, blank: plots.filter((p) => !isDrawn(p)).length,
        overflow: document.documentElement.scrollWidth - innerWidth, isDark: paper < 0.2,
        worstContrast: Math.min(...texts.map(contrast)), texts: texts.length,
        unnamed: [...document.querySelectorAll('svg.plot')].filter((s) => s.getAttribute('aria-hidden') === null && !s.hasAttribute('aria-label') && !s.hasAttribute('aria-labelledby')).length,
      };
    })()`);
    expect(seen).toMatchObject({ blank: 0, unnamed: 0, isDark: view.scheme === 'dark' });
    expect(seen.hit).toBeUndefined();
    expect(seen.overflow).toBeLessThanOrEqual(0);
    expect(seen.plots).toBeGreaterThanOrEqual(leastPlots);
    // WCAG 2.2, 1.4.3.
    expect(seen.worstContrast).toBeGreaterThanOrEqual(4.5);
  }

  test.each(Object.entries(VIEWS))('%s everything is drawn and fits', async (_, view) => {
    await expectSound(paths.timed, view, 60);
  });

  test('without timestamps, and without a replay', () => expectSound(paths.untimed, VIEWS['on a phone'] as View, 50));

  test('an empty log', () => expectSound(paths.empty, VIEWS['at a desk'] as View, 0));

  test('arrow keys read the plot aloud', async () => {
    await browser.open(paths.timed, VIEWS['at a desk'] as View);
    const readout = (): Promise<string> => browser.evaluate("document.querySelector('.readout').textContent");
    const idle = await readout();
    await browser.evaluate("document.querySelector('.time svg').focus()");
    await browser.press('Home');
    const first = await readout();
    expect(first).toMatch(/^2023-11-14 22:13 UTC \(.+\): .+ kB, \d+ records; session: \d+ %; \w+ \d+ %$/);
    await browser.press('ArrowRight');
    expect(await readout()).not.toBe(first);
    expect(await browser.evaluate("document.querySelectorAll('.on').length")).toBeGreaterThan(4);
    await browser.press('Escape');
    expect(await readout()).toBe(idle);
  });
});
