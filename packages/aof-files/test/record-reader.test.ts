import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AofRecordReader,
  END,
  FORMAT_ERROR,
  formatFaultLine,
  NEED_MORE,
  RECORD,
  type RecordFault,
  type RecordReaderOptions,
  TRUNCATED,
} from '../src/index.ts';
import { bytesOf, encodeRecord, readAll } from './read-all.ts';

const PING = encodeRecord(['PING']);

/** What redis-check-aof 7.0.15 prints for the fault, and the number of its line. */
function checkText(input: string): string {
  const { fault, line } = readAll(bytesOf(input), { mode: 'check' });
  if (fault === undefined) return `ok, line ${line}`;
  return `${fault.code} ${fault.text === undefined ? '-' : formatFaultLine({ ...fault, text: fault.text })}, line ${line}`;
}

describe('check: the same verdict, text and offset as redis-check-aof', () => {
  test.each([
    ['*1\r\n$4\r\nPING\r\n', 'ok, line 4'],
    ['', 'ok, line 1'],
    ['*0\r\n', 'ok, line 2'],
    ['*-1\r\n', 'ok, line 2'],
    ['*\r\n', 'ok, line 2'],
    ['*+1\r\n$4\r\nPING\r\n', 'ok, line 4'],
    ['* 1\r\n$ 4\r\nPING\r\n', 'ok, line 4'],
    ['*1\r\n$0\r\n\r\n', 'ok, line 4'],
    ['#TS:12\r\n', 'ok, line 1'],
    ['#TS:12', 'ok, line 1'],
    ['#TS:12\n*1\r\n$4\r\nPING\r\n', 'ok, line 4'],
    ['x', 'AOF_RECORD_PREFIX -, line 1'],
    ['\n', 'AOF_RECORD_PREFIX -, line 1'],
    ['\r\n', 'AOF_RECORD_PREFIX -, line 1'],
    [`${PING}\0\0\0`, 'AOF_RECORD_PREFIX -, line 4'],
    ['*1\n$4\r\nPING\r\n', 'AOF_LINE_END 0x               0: Expected \\r\\n, got: 0a00, line 1'],
    ['*-\r\n', 'AOF_LINE_END 0x               0: Expected \\r\\n, got: 2d0d, line 1'],
    ['*1\0\r\n$4\r\nPING\r\n', 'AOF_LINE_END 0x               0: Expected \\r\\n, got: 000d, line 1'],
    ['*1\r\n$4\r\nPING\n\r', 'AOF_LINE_END 0x               8: Expected \\r\\n, got: 0a0d, line 3'],
    ['*1\r\n$4\r\nPING\x80\xff', 'AOF_LINE_END 0x               8: Expected \\r\\n, got: ffffff80ffffffff, line 3'],
    ['*1\r\n:4\r\nPING\r\n', "AOF_ARGUMENT_PREFIX 0x               4: Expected prefix '$', got: ':', line 2"],
    ['*1\r\n\x80', "AOF_ARGUMENT_PREFIX 0x               4: Expected prefix '$', got: '\x80', line 2"],
    ['*1\r\n\0', "AOF_ARGUMENT_PREFIX 0x               4: Expected prefix '$', got: ', line 2"],
    [
      '*1\r\n$-1\r\n',
      'AOF_ARGUMENT_LENGTH 0x               4: Expected to read string of -1 bytes, which is not in the suitable range, line 3',
    ],
    [
      '*1\r\n$9223372036854775807\r\n',
      'AOF_ARGUMENT_LENGTH 0x               4: Expected to read string of 9223372036854775807 bytes, which is not in the suitable range, line 3',
    ],
    [
      '*1\r\n$600000000\r\nxyz',
      'AOF_TRUNCATED 0x              10: Expected to read 600000002 bytes, got 3 bytes, line 3',
    ],
    [
      '*1\r\n$99999999999\r\n',
      'AOF_TRUNCATED 0x              12: Expected to read 100000000001 bytes, got 0 bytes, line 3',
    ],
    ['*1\r\n$4\r\n', 'AOF_TRUNCATED 0x               8: Expected to read 6 bytes, got 0 bytes, line 3'],
    ['*1\r\n$4\r\nPI', 'AOF_TRUNCATED 0x               8: Expected to read 6 bytes, got 2 bytes, line 3'],
    ['*1\r\n$4\r\nPING', 'AOF_TRUNCATED 0x               8: Expected to read 6 bytes, got 4 bytes, line 3'],
    ['*1\r\n$4\r\nPING\r', 'AOF_TRUNCATED 0x               8: Expected to read 6 bytes, got 5 bytes, line 3'],
    ['*2\r\n$4\r\nPING\r\n', 'AOF_TRUNCATED -, line 4'],
    ['*99999999999999999999\r\n$1\r\na\r\n', 'AOF_TRUNCATED -, line 4'],
    ['*', 'AOF_TRUNCATED 0x               0: Expected \\r\\n, got: 0000, line 1'],
    ['*1\r', 'AOF_TRUNCATED 0x               0: Expected \\r\\n, got: 0d00, line 1'],
    ['*1\r\n$4\r', 'AOF_TRUNCATED 0x               4: Expected \\r\\n, got: 0d00, line 2'],
  ])('%j', (input, verdict) => {
    expect(checkText(input)).toBe(verdict);
  });

  test('a header is read 127 characters at a time', () => {
    expect(checkText(`*${'0'.repeat(123)}1\r\n${PING.slice(4)}`)).toBe('ok, line 4');
    expect(checkText(`*${'0'.repeat(126)}1\r\n${PING.slice(4)}`)).toMatch(
      /^AOF_LINE_END 0x {15}0: Expected .*got: 0000, line 1/,
    );
  });

  test('a value over the limit is counted, not kept, and judged by what is there', () => {
    const options: RecordReaderOptions = { mode: 'check', maxBulkBytes: 10 };
    const whole = readAll(bytesOf(`${PING}*1\r\n$20\r\n${'x'.repeat(20)}\r\n${PING}`), options, [7]);
    expect(whole).toMatchObject({ status: FORMAT_ERROR, fault: { code: 'AOF_ARGUMENT_LENGTH', recordOffset: 14 } });
    const cut = readAll(bytesOf(`${PING}*1\r\n$20\r\n${'x'.repeat(15)}`), options, [7]);
    expect(cut).toMatchObject({ status: TRUNCATED, fault: { recordOffset: 14, fileOffset: 23 } });
    expect(cut.fault?.text).toBe('Expected to read 22 bytes, got 15 bytes');
  });
});

describe('load: as forgiving as the loader of Redis', () => {
  function load(input: string, options?: Partial<RecordReaderOptions>): string {
    const { items, fault } = readAll(bytesOf(input), { mode: 'load', ...options });
    const words = items.map((item) => item.words.join(' ')).join('|');
    return fault === undefined ? words : `${words}|${fault.code}@${fault.recordOffset}`;
  }

  test.each([
    ['the two bytes behind an argument are not looked at', '*2\r\n$3\r\nDELxx$1\r\nk\n\n', 'DEL k'],
    ['lines may end with LF alone, and have anything behind the number', '*1\n$4 bytes\nPING\r\n', 'PING'],
    ['annotations are passed on', `#TS:1\r\n${PING}#any\n${PING}`, '#TS:1\r\n|PING|#any\n|PING'],
    ['an empty argument', '*2\r\n$0\r\n\r\n$\r\n\r\n', ' '],
    ['no argument at all', `${PING}*0\r\n`, 'PING|AOF_ARGUMENT_COUNT@14'],
    ['a negative count', '*-1\r\n', '|AOF_ARGUMENT_COUNT@0'],
    ['a count that is no number', '*abc\r\n', '|AOF_ARGUMENT_COUNT@0'],
    ['a count that is no number at the very end', '*abc', '|AOF_ARGUMENT_COUNT@0'],
    ['an inline command', 'PING\r\n', '|AOF_RECORD_PREFIX@0'],
    ['an annotation inside a record', '*1\r\n#TS:1\r\n$4\r\nPING\r\n', '|AOF_ARGUMENT_PREFIX@0'],
    ['a negative length', '*1\r\n$-1\r\n\r\n', '|AOF_ARGUMENT_LENGTH@0'],
    ['a length over the limit', '*1\r\n$536870913\r\n\r\n', '|AOF_ARGUMENT_LENGTH@0'],
    ['cut in the count', `${PING}*`, 'PING|AOF_TRUNCATED@14'],
    ['cut in the count, and zeros', `${PING}*\0\0`, 'PING|AOF_TRUNCATED@14'],
    ['cut behind the count', `${PING}*1`, 'PING|AOF_TRUNCATED@14'],
    ['cut in a length', `${PING}*1\r\n$`, 'PING|AOF_TRUNCATED@14'],
    ['cut behind a value', `${PING}*1\r\n$4\r\nPING`, 'PING|AOF_TRUNCATED@14'],
    ['cut in the line end', `${PING}*1\r\n$4\r\nPING\r`, 'PING|AOF_TRUNCATED@14'],
    ['cut in an annotation', `${PING}#TS:123`, 'PING|AOF_TRUNCATED@14'],
  ])('%s', (_, input, expected) => {
    expect(load(input)).toBe(expected);
  });

  test('lines are read 1023 characters at a time', () => {
    expect(load(`#${'x'.repeat(1021)}\n${PING}`)).toBe(`#${'x'.repeat(1021)}\n|PING`);
    expect(load(`#${'x'.repeat(1022)}\n${PING}`)).toBe(`#${'x'.repeat(1022)}|AOF_RECORD_PREFIX@1023`);
    expect(load(`*${'0'.repeat(1019)}1\r\n${PING.slice(4)}`)).toBe('PING');
  });
});

describe('bounds', () => {
  test('a record over the limit is refused, however it arrives', () => {
    const input = bytesOf(PING + encodeRecord(['SET', 'k', 'x'.repeat(100)]));
    const options: RecordReaderOptions = { mode: 'load', maxRecordBytes: 64 };
    for (const sizes of [[1], [10], [1000]]) {
      const { items, fault } = readAll(input, options, sizes);
      expect(items.length).toBe(1);
      expect(fault).toMatchObject({ code: 'AOF_RECORD_TOO_LONG', recordOffset: 14 });
    }
    const many = bytesOf(encodeRecord(Array.from({ length: 100 }, () => 'x')));
    expect(readAll(many, options, [10]).fault?.code).toBe('AOF_RECORD_TOO_LONG');
  });

  test('a length claims no memory before its bytes arrive', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 20 }, () => {
      const reader = new AofRecordReader({ mode: 'load' });
      reader.feed(bytesOf('*1000000000\r\n$500000000\r\nabc'));
      expect(reader.next()).toBe(NEED_MORE);
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 64 * 1024);
    expect(readers.length).toBe(20);
  });

  test('a long value in small chunks is collected in linear time and memory', () => {
    const value = 'v'.repeat(8 * 1024 * 1024);
    const { items } = readAll(bytesOf(encodeRecord(['SET', 'k', value]) + PING), { mode: 'load' }, [16 * 1024]);
    expect(items.map((item) => item.words.length)).toEqual([3, 1]);
    expect(items[0]?.words[2] === value).toBe(true);
  });
});

describe('the view', () => {
  test('lies in the chunk itself, but for records that span chunks', () => {
    const reader = new AofRecordReader({ mode: 'load' });
    const first = bytesOf(PING + PING.slice(0, 5));
    const second = bytesOf(PING.slice(5) + PING);
    reader.feed(first);
    expect(reader.next()).toBe(RECORD);
    expect(reader.view.buffer).toBe(first);
    expect(reader.next()).toBe(NEED_MORE);
    reader.feed(second);
    expect(reader.next()).toBe(RECORD);
    expect(reader.view.buffer).not.toBe(second);
    expect(reader.next()).toBe(RECORD);
    expect(reader.view.buffer).toBe(second);
    expect([reader.recordOffset, reader.endOffset]).toEqual([28, 42]);
  });

  test('can be an object of the caller, whose offsets grow with the record', () => {
    const view = { buffer: new Uint8Array(0), count: 0, rawStart: 0, rawEnd: 0, offsets: new Int32Array(2) };
    const reader = new AofRecordReader({ mode: 'load', view });
    reader.feed(bytesOf(encodeRecord(['RPUSH', ...Array.from({ length: 50 }, (_, i) => String(i))])));
    expect(reader.next()).toBe(RECORD);
    expect(view.count).toBe(51);
    expect(view.offsets.length).toBeGreaterThanOrEqual(102);
  });

  test('offsets begin where the caller says: behind an RDB part, say', () => {
    const { items, fault } = readAll(bytesOf(`${PING}*1\r\n`), { mode: 'load', fileOffset: 1000, line: 7 }, [3]);
    expect(items).toMatchObject([{ start: 1000, end: 1014 }]);
    expect(fault).toMatchObject({ recordOffset: 1014, fileOffset: 1018 });
  });

  test('feeding a reader that has not asked is a bug', () => {
    const reader = new AofRecordReader({ mode: 'load' });
    expect(reader.next()).toBe(NEED_MORE);
    reader.feed(bytesOf(PING));
    expect(() => reader.feed(bytesOf(PING))).toThrow(/bug/);
    expect(reader.next()).toBe(RECORD);
    expect(() => reader.end()).toThrow(/bug/);
    expect(reader.next()).toBe(NEED_MORE);
    reader.end();
    expect(reader.next()).toBe(END);
    expect(reader.next()).toBe(END);
    expect(() => reader.feed(bytesOf(PING))).toThrow(/bug/);
  });
});

describe('properties', () => {
  const word = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 }),
    fc.constantFrom('', '\r\n', '*1\r\n', '$5\r\n', '#TS:1\r\n', 'x'.repeat(5000)),
  );
  const record = fc.array(word, { minLength: 1, maxLength: 8 });
  const annotation = fc.nat().map((seconds) => `#TS:${seconds}\r\n`);
  const file = fc.array(fc.oneof({ weight: 4, arbitrary: record }, annotation), { maxLength: 12 });
  const sizes = fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 6 });
  const mode = fc.constantFrom('load' as const, 'check' as const);
  const encode = (items: readonly (string | string[])[]): string =>
    items.map((item) => (typeof item === 'string' ? item : encodeRecord(item))).join('');

  test('reading gives back what was written, at the right places', () => {
    fc.assert(
      fc.property(file, sizes, mode, (items, cuts, how) => {
        const text = encode(items);
        const outcome = readAll(bytesOf(text), { mode: how }, cuts);
        expect(outcome.status).toBe(END);
        expect(outcome.items.map((item) => item.words)).toEqual(items.map((item) => [item].flat()));
        expect(outcome.items.map((item) => item.raw).join('')).toBe(text);
        for (const item of outcome.items) expect(text.slice(item.start, item.end)).toBe(item.raw);
      }),
    );
  });

  test('a file cut anywhere gives its whole records, and the offset where the last one began', () => {
    fc.assert(
      fc.property(file, fc.nat(), sizes, mode, (items, place, cuts, how) => {
        const text = encode(items);
        const cut = place % (text.length + 1);
        const outcome = readAll(bytesOf(text.slice(0, cut)), { mode: how }, cuts);
        const good = outcome.fault?.recordOffset ?? cut;
        expect(outcome.status).toBe(good === cut ? END : TRUNCATED);
        expect(outcome.items.map((item) => item.raw).join('')).toBe(text.slice(0, good));
        const ends = readAll(bytesOf(text), { mode: how }).items.map((item) => item.end);
        if (outcome.status === TRUNCATED) expect([0, ...ends].filter((end) => end <= cut).at(-1)).toBe(good);
      }),
    );
  });

  /** A file with some bytes changed, lost or put in. */
  const damaged = fc
    .tuple(
      file,
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.nat(3),
          fc.constantFrom('\0', '\n', '\r', ' ', '-', '+', '0', '1', '9', '$', '*', '#', 'x', '\xff'),
        ),
        {
          maxLength: 6,
        },
      ),
    )
    .map(([items, changes]) => {
      let text = encode(items);
      for (const [place, removed, added] of changes) {
        const at = place % (text.length + 1);
        text = text.slice(0, at) + added + text.slice(at + removed);
      }
      return bytesOf(text);
    });

  test('damaged files: any chunking reads alike, and always comes to an end', () => {
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(damaged, sizes, mode, (bytes, cuts, how) => {
        const options: RecordReaderOptions = { mode: how, maxBulkBytes: 1000, maxRecordBytes: 20_000 };
        const whole = readAll(bytes, options);
        expect(readAll(bytes, options, cuts)).toEqual(whole);
        expect(readAll(bytes, options, [1])).toEqual(whole);
        expect(whole.fault === undefined).toBe(whole.status === END);
        seen.add(whole.fault?.code);
      }),
      { numRuns: 1500 },
    );
    expect(seen.size).toBeGreaterThan(5);
  });

  test('random bytes: never an exception, offsets within the input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), sizes, mode, (bytes, cuts, how) => {
        const { items, fault } = readAll(bytes, { mode: how }, cuts);
        for (const item of items) expect(item.end).toBeLessThanOrEqual(bytes.length);
        const offsets = (found: RecordFault): number[] => [found.recordOffset, found.fileOffset];
        if (fault !== undefined) for (const offset of offsets(fault)) expect(offset).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
