import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { formatTimestampAnnotation, parseTimestampAnnotation } from './annotation.ts';
import { LayoutError } from './errors.ts';
import { fileKindOf, readFileKind } from './file-kind.ts';
import { AofNames, tempRewriteId } from './file-names.ts';
import { leadingInteger } from './leading-integer.ts';
import { listTempFiles, removeTempFiles } from './temp-files.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('annotations', () => {
  test('a time is written and read', () => {
    expect(formatTimestampAnnotation(1_700_000_000)).toBe('#TS:1700000000\r\n');
    expect(parseTimestampAnnotation(bytes('#TS:1700000000\r\n'))).toBe(1_700_000_000);
    expect(parseTimestampAnnotation(bytes('#TS:-5\r\n'))).toBe(-5);
  });

  test('another annotation is not a time; a time must be a number that ends the line', () => {
    expect(parseTimestampAnnotation(bytes('# TS:1\r\n'))).toBeUndefined();
    for (const bad of ['#TS:\r\n', '#TS:x\r\n', '#TS:12x\r\n', '#TS:12\n', '#TS:12']) {
      expect(parseTimestampAnnotation(bytes(bad)), bad).toBeNaN();
    }
  });
});

describe('the kind of a file', () => {
  test.each([
    ['', 'empty'],
    ['file a seq 1 type b\n', 'manifest'],
    ['#c\n#d\nfile', 'manifest'],
    ['#TS:1\r\n*1\r\n', 'resp'],
    ['#only', 'resp'],
    ['fil', 'resp'],
    ['REDIS0011', 'rdb'],
    ['REDIS00', 'resp'],
    ['*1\r\n', 'resp'],
    ['garbage', 'resp'],
  ])('%j is %s', (head, kind) => {
    expect(fileKindOf(bytes(head))).toBe(kind);
    const disk = new SimDisk();
    disk.open('/a', 'append').close();
    const file = disk.open('/a', 'append');
    if (head !== '') file.write(bytes(head));
    expect(readFileKind(disk, '/a')).toBe(kind);
  });
});

describe('names', () => {
  const names = new AofNames({ dir: '/srv/', appendfilename: 'a.aof', appenddirname: 'parts' });

  test('are those of Redis', () => {
    expect(names.singlePath).toBe('/srv/a.aof');
    expect(names.manifestPath).toBe('/srv/parts/a.aof.manifest');
    expect(names.tempManifestPath).toBe('/srv/parts/temp-a.aof.manifest');
    expect(names.tempIncrPath).toBe('/srv/parts/temp-a.aof.incr');
    expect(names.inAppendDir(names.baseName(3, 'rdb'))).toBe('/srv/parts/a.aof.3.base.rdb');
    expect(names.incrName(12)).toBe('a.aof.12.incr.aof');
    expect(names.tempRewritePath(77)).toBe('/srv/temp-rewriteaof-77.aof');
    expect(names.finishedRewritePath(77)).toBe('/srv/temp-rewriteaof-bg-77.aof');
  });

  test('must be plain', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\\b', 'a\0']) {
      expect(() => new AofNames({ dir: '/', appendfilename: name, appenddirname: 'x' }), name).toThrow(LayoutError);
      expect(() => new AofNames({ dir: '/', appendfilename: 'x', appenddirname: name }), name).toThrow(LayoutError);
    }
  });

  test('of a log are told from those of another server in the same folder', () => {
    for (const name of ['a.aof', 'a.aof.1.base.rdb', 'a.aof.22.base.aof', 'a.aof.1.incr.aof']) {
      expect(names.isLogName(name), name).toBe(true);
    }
    for (const name of [
      'a.aof.manifest',
      'a.aof2',
      'b.aof.1.incr.aof',
      'a.aof.x.incr.aof',
      'a.aof.1.incr.rdb',
      'temp-a.aof.incr',
    ]) {
      expect(names.isLogName(name), name).toBe(false);
    }
  });

  test('of temporary files carry the id of their writer', () => {
    expect(tempRewriteId('temp-rewriteaof-12.aof')).toBe('12');
    expect(tempRewriteId('temp-rewriteaof-bg-12.aof')).toBe('12');
    expect(tempRewriteId('temp-rewriteaof-.aof')).toBeUndefined();
    expect(tempRewriteId('temp-12.rdb')).toBeUndefined();
  });
});

describe('temporary files', () => {
  const names = new AofNames({ dir: '/srv', appendfilename: 'a.aof', appenddirname: 'parts' });

  test('are listed and removed, but for those of a server that runs and those of another log', () => {
    const disk = new SimDisk();
    disk.makeDirectory('/srv/parts', { recursive: true });
    const mine = [
      '/srv/temp-rewriteaof-1.aof',
      '/srv/temp-rewriteaof-bg-1.aof',
      names.tempIncrPath,
      names.tempManifestPath,
    ];
    const others = [
      '/srv/temp-rewriteaof-2.aof',
      '/srv/parts/temp-b.aof.incr',
      '/srv/parts/a.aof.manifest',
      '/srv/a.aof',
    ];
    for (const path of [...mine, ...others]) disk.open(path, 'append').close();
    const isInUse = (id: string): boolean => id === '2';
    expect(listTempFiles(disk, names, isInUse)).toEqual(mine);
    expect(removeTempFiles(disk, names, isInUse)).toEqual(mine);
    expect([...disk.contents().keys()].sort()).toEqual(others.toSorted());
    expect(removeTempFiles(disk, names)).toEqual(['/srv/temp-rewriteaof-2.aof']);
  });

  test('need no append folder', () => {
    const disk = new SimDisk();
    disk.makeDirectory('/srv');
    expect(removeTempFiles(disk, names)).toEqual([]);
  });
});

test.each([
  ['12\r\n', 12n, 2],
  [' \t+7x', 7n, 4],
  ['-3', -3n, 2],
  ['x', 0n, 0],
  [' -', 0n, 0],
  ['99999999999999999999', 9223372036854775807n, 20],
  ['-99999999999999999999', -9223372036854775808n, 21],
])('the number at the start of %j', (text, value, length) => {
  expect(leadingInteger(text)).toEqual({ value, length });
});
