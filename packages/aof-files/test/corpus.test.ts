/** Files that Redis 7.0.15 wrote, whole and damaged, with what redis-check-aof and the server made of them. */

import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { END, FORMAT_ERROR, fileKindOf, formatFaultLine, parseTimestampAnnotation, TRUNCATED } from '../src/index.ts';
import { bytesOf, readAll } from './read-all.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);
const FILE = 'appendonly.aof.2.incr.aof';

interface Verdict {
  readonly line: number;
  readonly stdout: string;
  readonly serverStarts: boolean;
  readonly startsWithoutTruncation: boolean;
}

const verdicts: Record<string, Verdict> = JSON.parse(fs.readFileSync(new URL('verdicts.json', FIXTURES), 'latin1'));

function fixture(name: string): Uint8Array {
  return fs.readFileSync(new URL(`incr/${name}.aof`, FIXTURES));
}

describe('check', () => {
  test.each(Object.entries(verdicts).filter(([name]) => !name.endsWith('-empty')))('%s', (name, verdict) => {
    const bytes = fixture(name);
    const { items, fault, line } = readAll(bytes, { mode: 'check', line: verdict.line }, [100]);
    // The MULTI that is never ended is for the caller to notice: the reader knows no commands.
    if (name.endsWith('unfinished-multi')) {
      expect(fault).toBeUndefined();
      expect(verdict.stdout).toContain(`ok_up_to_line=${line},`);
      return;
    }
    const good = items.at(-1)?.end ?? 0;
    const text = fault?.text === undefined ? '' : `${formatFaultLine({ ...fault, text: fault.text })}\n`;
    const complaint = fault?.code === 'AOF_RECORD_PREFIX' ? `AOF ${FILE} format error\n` : text;
    const analysis = `AOF analyzed: filename=${FILE}, size=${bytes.length}, ok_up_to=${good}, ok_up_to_line=${line}, diff=${bytes.length - good}\n`;
    expect(verdict.stdout.startsWith(complaint + analysis)).toBe(true);
  });
});

describe('load', () => {
  test.each(Object.entries(verdicts))('%s', (name, verdict) => {
    const { status } = readAll(fixture(name), { mode: 'load' }, [100]);
    // These are readable; what stops the server is a command that it does not know, or the MULTI without EXEC.
    if (name.endsWith('unfinished-multi')) expect(status).toBe(END);
    else if (verdict.startsWithoutTruncation) expect(status).toBe(END);
    else expect(status).toBe(verdict.serverStarts ? TRUNCATED : FORMAT_ERROR);
  });

  test('annotations of a whole file are times in order', () => {
    const { items } = readAll(fixture('timestamps-whole'), { mode: 'load' });
    const times = items
      .filter((item) => item.kind === 'annotation')
      .map((item) => parseTimestampAnnotation(bytesOf(item.raw)));
    expect(times.length).toBeGreaterThan(1);
    expect(times).toEqual(times.toSorted());
    expect(fileKindOf(fixture('timestamps-whole'))).toBe('resp');
  });
});
