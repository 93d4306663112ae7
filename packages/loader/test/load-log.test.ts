import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { LoadError, type LoadErrorCode } from '../src/index.ts';
import { contentOf, filesOn, load, NAMES, put, record, SINGLE } from './recording-applier.ts';

const A = record('SET', 'a', '1');
const B = record('SET', 'b', '2');
const C = record('SET', 'c', '3');
const MULTI = record('MULTI');
const EXEC = record('EXEC');

const single = (content: string) => put(new SimDisk(), content);
const parts = (...contents: string[]) => put(new SimDisk(), ...contents);

function expectError(error: unknown, code: LoadErrorCode, text: string | RegExp): LoadError {
  expect(error).toBeInstanceOf(LoadError);
  if (!(error instanceof LoadError)) throw new Error('unreachable');
  expect(error.code).toBe(code);
  expect(error.message).toMatch(text);
  expect(error.hint?.length).toBeGreaterThan(10);
  return error;
}

describe('what is loaded', () => {
  test('no files: not-exist', async () => {
    const { report, events } = await load(new SimDisk(), { files: [] });
    expect(report).toEqual({ state: 'not-exist', totalBytes: 0, records: 0 });
    expect(events).toEqual([]);
  });

  test('files without bytes: empty', async () => {
    expect((await load(parts('', ''))).report).toEqual({ state: 'empty', totalBytes: 0, records: 0 });
    expect((await load(single(''))).report?.state).toBe('empty');
  });

  test('a base and its incrs, in order; empty ones among them are fine', async () => {
    const { report, applied, events } = await load(parts(A, '', B, C));
    expect(applied).toEqual(['SET a 1', 'SET b 2', 'SET c 3']);
    expect(report).toEqual({ state: 'ok', totalBytes: A.length * 3, records: 3 });
    expect(events).toEqual([
      'loaded appendonly.aof.1.base.aof',
      'loaded appendonly.aof.2.incr.aof',
      'loaded appendonly.aof.3.incr.aof',
    ]);
  });

  test('an empty base and an empty last file', async () => {
    expect((await load(parts('', A, ''))).applied).toEqual(['SET a 1']);
  });

  test('annotations are skipped, also as the last line', async () => {
    const { applied, report } = await load(single(`#TS:1700000000\r\n${A}# anything\r\n${B}#TS:1700000001\r\n`));
    expect(applied).toEqual(['SET a 1', 'SET b 2']);
    expect(report?.state).toBe('ok');
  });

  test('line ends are not looked at, as Redis loads them', async () => {
    const odd = '*3\n$3\nSETxx$1\r\naxx$1\n1\r\n*2xx\n$3\r\nDELxx$1\r\nbxx';
    expect((await load(single(odd))).applied).toEqual(['SET a 1', 'DEL b']);
  });

  test('binary arguments come whole', async () => {
    const value = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
    expect((await load(single(record('SET', '\r\n\0*', value)))).applied).toEqual([`SET \r\n\0* ${value}`]);
  });

  test('a transaction runs as a whole', async () => {
    const { applied, report } = await load(single(MULTI + A + B + EXEC + C));
    expect(applied).toEqual(['SET a 1', 'SET b 2', 'SET c 3']);
    expect(report?.records).toBe(5);
  });

  test('a file of several chunks, with records across their borders and one longer than all', async () => {
    const values = Array.from({ length: 3000 }, (_, i) => `${i}:${'x'.repeat((i * 7919) % 2000)}`);
    values.push('y'.repeat(2_500_000));
    const disk = single(values.map((value) => record('SET', 'k', value)).join(''));
    const { applied, report } = await load(disk);
    expect(report?.records).toBe(3001);
    expect(applied).toEqual(values.map((value) => `SET k ${value}`));
  });

  test('others get their turn, and the progress is told', async () => {
    const content = A.repeat(40_000);
    const progress: number[] = [];
    const { events } = await load(single(content), {
      events: {
        progress: (bytes) => progress.push(bytes),
        fileLoaded: () => undefined,
        truncatedFound: () => undefined,
        truncated: () => undefined,
      },
    });
    expect(events).toEqual(['yield', 'yield']);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(content.length);
  });

  test('progress counts the bytes of all files', async () => {
    const progress: number[] = [];
    await load(parts(A, B + C), {
      events: {
        progress: (bytes) => progress.push(bytes),
        fileLoaded: () => undefined,
        truncatedFound: () => undefined,
        truncated: () => undefined,
      },
    });
    expect(progress.at(-1)).toBe(A.length * 3);
  });
});

describe('an unfinished end of the last file', () => {
  test.each([
    ['a record without its last byte', A + B.slice(0, -1), A.length],
    ['half a record', A + B.slice(0, 9), A.length],
    ['a lone star', `${A}*`, A.length],
    ['an annotation without its end', `${A}#TS:17`, A.length],
    ['a header without arguments', `${A}*2\r\n`, A.length],
    ['nothing whole at all', B.slice(0, 12), 0],
    ['a transaction without EXEC', A + MULTI + B, A.length],
    ['half a record in a transaction', A + MULTI + B + C.slice(0, 5), A.length],
    ['MULTI alone', A + MULTI, A.length],
    ['half an EXEC', A + MULTI + B + EXEC.slice(0, -3), A.length],
    ['a transaction after a finished one', MULTI + A + EXEC + MULTI + B, MULTI.length + A.length + EXEC.length],
  ])('is cut: %s', async (_, content, offset) => {
    const disk = single(content);
    const { report, events, applied } = await load(disk);
    expect(report?.state).toBe('truncated');
    const isTransaction = content.lastIndexOf(MULTI) > content.lastIndexOf(EXEC);
    expect(events).toEqual([
      `found appendonly.aof ${offset}${isTransaction ? ' transaction' : ''}`,
      `cut appendonly.aof ${offset}`,
    ]);
    expect(contentOf(disk)).toBe(content.slice(0, offset));
    expect(applied).toEqual(offset === 0 ? [] : ['SET a 1']);
    // Durable before anything can be appended.
    expect(contentOf(disk.afterCrash(1, 'only-synced'))).toBe(content.slice(0, offset));
  });

  test('is cut in the last incr, however full the others are', async () => {
    const disk = parts(A, B, C + A.slice(0, 5));
    const { report, events } = await load(disk);
    expect(report?.state).toBe('truncated');
    expect(events.at(-1)).toBe(`cut appendonly.aof.2.incr.aof ${C.length}`);
    expect(contentOf(disk, NAMES.inAppendDir('appendonly.aof.1.incr.aof'))).toBe(B);
  });

  test('what an unfinished transaction holds does not run', async () => {
    const { applied, abandoned } = await load(single(A + MULTI + B + C));
    expect(applied).toEqual(['SET a 1']);
    expect(abandoned).toBe(1);
  });

  test('refuses the start, and is left alone, when it may not be cut', async () => {
    for (const content of [A + B.slice(0, -1), A + MULTI + B]) {
      const disk = single(content);
      const { error, events } = await load(disk, { mayTruncate: false });
      const { fileOffset, path } = expectError(error, 'AOF_TRUNCATED', /^Unexpected end of file reading/);
      expect([fileOffset, path]).toEqual([A.length, SINGLE]);
      expect(events).toHaveLength(1);
      expect(contentOf(disk)).toBe(content);
    }
  });

  test('refuses the start when the disk will not cut it', async () => {
    const disk = single(A + B.slice(0, -1));
    disk.inject({ operation: 'truncate', code: 'EROFS' });
    const { error } = await load(disk);
    expectError(error, 'AOF_TRUNCATED', 'Error truncating the AOF file appendonly.aof: Read-only file system');
    const other = single(A + B.slice(0, -1));
    other.inject({ operation: 'sync' });
    expectError((await load(other)).error, 'AOF_TRUNCATED', 'Input/output error');
  });
});

describe('a file that is not the last one', () => {
  test.each([
    ['ends inside a record', B.slice(0, -1)],
    ['ends inside a transaction', MULTI + B],
  ])('%s: refused, and nothing is cut', async (_, end) => {
    for (const contents of [
      [A + end, C],
      [A, A + end, C],
      [A, A + end, ''],
    ]) {
      const disk = parts(...contents);
      const before = disk.contents();
      const { error, events, applied } = await load(disk);
      expectError(error, 'AOF_TRUNCATED_NOT_LAST', /^Fatal error: the truncated file is not the last file/);
      expect(events.filter((event) => event.startsWith('cut'))).toEqual([]);
      expect(disk.contents()).toEqual(before);
      expect(applied).not.toContain('SET c 3');
    }
  });
});

describe('what is no record', () => {
  test.each([
    ['garbage between records', `${A}garbage\r\n${B}`],
    ['garbage at the end', `${A}garbage`],
    ['zeros at the end', `${A}\0\0\0\0`],
    ['an empty line', `${A}\r\n${B}`],
    ['no arguments', `${A}*0\r\n${B}`],
    ['a negative count', `${A}*-1\r\n${B}`],
    ['a header that is no argument', `${A}*1\r\n:4\r\nPING\r\n`],
    ['a negative length', `${A}*1\r\n$-1\r\n`],
    ['a length that no argument has', `${A}*1\r\n$99999999999999999999\r\n`],
    ['the end of one record inside the next', A + A.slice(10) + B],
  ])('refuses the start, whatever the settings: %s', async (_, content) => {
    for (const mayTruncate of [true, false]) {
      const disk = single(content);
      const { error, applied } = await load(disk, { mayTruncate });
      const found = expectError(
        error,
        'AOF_BAD_FORMAT',
        /^Bad file format reading the append only file appendonly.aof/,
      );
      expect(found.fileOffset).toBeGreaterThanOrEqual(A.length);
      expect(applied).toEqual(['SET a 1']);
      expect(contentOf(disk)).toBe(content);
    }
  });

  test('a length over the limit; the limit can be raised', async () => {
    const content = record('SET', 'a', 'x'.repeat(100));
    expectError((await load(single(content), { maxBulkBytes: 99 })).error, 'AOF_BAD_FORMAT', 'Bad file format');
    expect((await load(single(content), { maxBulkBytes: 100 })).report?.state).toBe('ok');
  });

  test('an RDB part, where nobody reads it', async () => {
    const disk = single(`REDIS0010${A}`);
    expectError((await load(disk)).error, 'AOF_RDB_PREAMBLE', 'begins with an RDB part');
  });
});

describe('records that cannot be run', () => {
  test('refuse the start and name the record', async () => {
    const disk = single(A + record('NOSUCH', 'x') + B);
    const { error, applied } = await load(disk);
    const text = "Unknown command 'NOSUCH' reading the append only file appendonly.aof";
    expect(expectError(error, 'AOF_RECORD_REFUSED', text).fileOffset).toBe(A.length);
    expect(applied).toEqual(['SET a 1']);
    expect(contentOf(disk)).toBe(A + record('NOSUCH', 'x') + B);
  });

  test('also inside a transaction', async () => {
    const { error, applied } = await load(single(MULTI + A + record('NOSUCH') + EXEC));
    expectError(error, 'AOF_RECORD_REFUSED', 'Unknown command');
    expect(applied).toEqual([]);
  });
});

describe('the disk', () => {
  test('that cannot open or read a file: which one, and why', async () => {
    for (const operation of ['open', 'read'] as const) {
      const disk = parts(A, B);
      const files = filesOn(disk);
      disk.inject({ operation, code: 'EIO', path: /incr/ });
      const { error } = await load(disk, { files });
      const text = 'Unrecoverable error reading the append only file appendonly.aof.1.incr.aof: Input/output error';
      expectError(error, 'AOF_READ_FAILED', text);
    }
  });

  test('that fails in the middle of a file', async () => {
    const disk = single(A.repeat(100_000));
    disk.inject({ operation: 'read', skip: 2 });
    const { error, applied } = await load(disk);
    expectError(error, 'AOF_READ_FAILED', 'Input/output error');
    expect(applied.length).toBeGreaterThan(1000);
  });

  test('has no read under way any more when a file is closed', async () => {
    const disk = single(record('NOSUCH') + A.repeat(100_000));
    const open = disk.open.bind(disk);
    let reading = 0;
    let closedWhileReading = 0;
    disk.open = (path, mode) => {
      const file = open(path, mode);
      const { readAsync, close } = file;
      file.readAsync = async (...args) => {
        reading++;
        await new Promise((resolve) => setImmediate(resolve));
        reading--;
        return readAsync.apply(file, args);
      };
      file.close = () => {
        closedWhileReading += reading;
        close.call(file);
      };
      return file;
    };
    expectError((await load(disk)).error, 'AOF_RECORD_REFUSED', 'Unknown command');
    expect(closedWhileReading).toBe(0);
  });

  test('that lacks a file of the manifest', () => {
    const disk = parts(A, B);
    disk.unlink(NAMES.inAppendDir('appendonly.aof.1.incr.aof'));
    expect(() => filesOn(disk)).toThrow(
      'Unable to obtain the AOF file appendonly.aof.1.incr.aof length. stat: No such file or directory',
    );
  });
});
