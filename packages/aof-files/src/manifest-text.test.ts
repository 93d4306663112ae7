import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManifestError } from './errors.ts';
import { AofNames } from './file-names.ts';
import {
  EMPTY_MANIFEST,
  liveFiles,
  type Manifest,
  withIncrsAsHistory,
  withNextBase,
  withNextIncr,
  withoutHistory,
} from './manifest.ts';
import { formatManifest, parseManifest } from './manifest-text.ts';

const BASE = 'file log.1.base.rdb seq 1 type b\n';
const INCR = 'file log.1.incr.aof seq 1 type i\n';

function parse(text: string): Manifest {
  return parseManifest(Buffer.from(text, 'latin1'), '/d/log.manifest');
}

function errorOf(text: string): ManifestError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(text)}`);
}

describe('reading', () => {
  test('base, history and incr files, in any case of the keys and any order of the pairs', () => {
    const manifest = parse(
      `${BASE}FILE old.aof SEQ 9 TYPE h\ntype i file log.1.incr.aof seq 1\nfile b seq +7 type incr\n`,
    );
    expect(manifest).toEqual({
      base: { name: 'log.1.base.rdb', sequence: 1, type: 'b' },
      history: [{ name: 'old.aof', sequence: 9, type: 'h' }],
      incr: [
        { name: 'log.1.incr.aof', sequence: 1, type: 'i' },
        { name: 'b', sequence: 7, type: 'i' },
      ],
      lastBaseSequence: 1,
      lastIncrSequence: 7,
    });
    expect(liveFiles(manifest).map((file) => file.name)).toEqual(['log.1.base.rdb', 'log.1.incr.aof', 'b']);
  });

  test('unknown keys are for newer servers; of a repeated key the last one counts', () => {
    expect(parse('file a seq 1 type b crc 77 "" x\n').base?.name).toBe('a');
    expect(parse('file a seq 1 type b file c\n').base?.name).toBe('c');
  });

  test('comments are skipped, also a last one without LF, and a manifest of comments lists nothing', () => {
    expect(parse(`# one\n${BASE}#two`)).toEqual(parse(BASE));
    expect(parse('#')).toEqual(EMPTY_MANIFEST);
  });

  test('blanks around a line and quoted names', () => {
    expect(parse(' \tfile "a\\x20b" seq 1 type b \t\r\n').base?.name).toBe('a b');
    expect(parse("file 'a b' seq 1 type b\n").base?.name).toBe('a b');
    expect(parse('file "\\xc3\\xa4" seq 1 type b\n').base?.name).toBe('ä');
  });

  test('a line of exactly 1024 bytes', () => {
    const line = (length: number): string => `file a seq 1 type b k ${'v'.repeat(length - 23)}\n`;
    expect(line(1024).length).toBe(1024);
    expect(parse(line(1024)).base?.name).toBe('a');
    expect(errorOf(line(1025)).code).toBe('AOF_MANIFEST_LINE_TOO_LONG');
  });
});

describe('every violation has its code, Redis’s reason, the line and a hint', () => {
  test.each([
    ['', 'AOF_MANIFEST_EMPTY', 'Found an empty AOF manifest', undefined],
    [BASE.trimEnd(), 'AOF_MANIFEST_LINE_TOO_LONG', 'The AOF manifest file contains too long line', 1],
    [`${BASE}${'x'.repeat(1100)}\n`, 'AOF_MANIFEST_LINE_TOO_LONG', 'The AOF manifest file contains too long line', 2],
    ['file a\0 seq 1 type b\n', 'AOF_MANIFEST_LINE_TOO_LONG', 'The AOF manifest file contains too long line', 1],
    [`${BASE}\n`, 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 2],
    ['file a seq 1\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type b odd\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file "a seq 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['name a seq 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a number 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 kind b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq 0 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq x type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq -1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq 9007199254740993 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file a seq 1 type ""\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file "" seq 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file "\\xff" seq 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file "a\\x00" seq 1 type b\n', 'AOF_MANIFEST_FORMAT', 'Invalid AOF manifest file format', 1],
    ['file ../a seq 1 type b\n', 'AOF_MANIFEST_PATH', "File can't be a path, just a filename", 1],
    ['file a\\b seq 1 type b\n', 'AOF_MANIFEST_PATH', "File can't be a path, just a filename", 1],
    ['file .. seq 1 type b\n', 'AOF_MANIFEST_PATH', "File can't be a path, just a filename", 1],
    [BASE + BASE, 'AOF_MANIFEST_DUPLICATE_BASE', 'Found duplicate base file information', 2],
    [`${BASE}${INCR}#\n${INCR}`, 'AOF_MANIFEST_SEQUENCE', 'Found a non-monotonic sequence number', 4],
    ['file a seq 1 type x\n', 'AOF_MANIFEST_TYPE', 'Unknown AOF file type', 1],
  ])('%j: %s', (text, code, reason, line) => {
    const error = errorOf(text);
    expect(error).toMatchObject({ code, message: reason, line, path: '/d/log.manifest' });
    expect(error.hint).toMatch(/\.$/);
    expect(error.fileOffset).toBe(line === 2 ? BASE.length : error.fileOffset);
  });

  test('the line is quoted without the blanks at its ends, if it was read whole', () => {
    expect(errorOf(`${BASE}  what is this \r\n`)).toMatchObject({ lineText: 'what is this', fileOffset: BASE.length });
    expect(errorOf(`${BASE}\n`).lineText).toBe('');
    expect(errorOf('too long').lineText).toBeUndefined();
  });
});

describe('writing', () => {
  const names = new AofNames({ dir: '/d', appendfilename: 'log', appenddirname: 'parts' });

  test('base, history, incr; a manifest without files is a comment', () => {
    let manifest = withNextBase(EMPTY_MANIFEST, names, 'rdb').manifest;
    manifest = withNextIncr(manifest, names).manifest;
    manifest = withNextIncr(manifest, names).manifest;
    manifest = withIncrsAsHistory(withNextBase(manifest, names, 'aof').manifest, 1);
    expect(Buffer.from(formatManifest(manifest)).toString()).toBe(
      'file log.2.base.aof seq 2 type b\nfile log.1.incr.aof seq 1 type h\nfile log.1.base.rdb seq 1 type h\nfile log.2.incr.aof seq 2 type i\n',
    );
    expect(parse(Buffer.from(formatManifest(EMPTY_MANIFEST)).toString())).toEqual(EMPTY_MANIFEST);
  });

  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .filter((text) => !/[/\\\0]/.test(text) && text !== '.' && text !== '..' && text.isWellFormed());
  const sequence = fc.integer({ min: 1, max: 1_000_000 });
  const manifests = fc
    .record({
      base: fc.option(fc.record({ name, sequence, type: fc.constant('b' as const) }), { nil: undefined }),
      history: fc.array(fc.record({ name, sequence, type: fc.constant('h' as const) })),
      incr: fc.uniqueArray(fc.record({ name, sequence, type: fc.constant('i' as const) }), {
        selector: (file) => file.sequence,
      }),
    })
    .map(({ base, history, incr }): Manifest => {
      const sorted = incr.toSorted((a, b) => a.sequence - b.sequence);
      const lastIncrSequence = sorted.at(-1)?.sequence ?? 0;
      return { base, history, incr: sorted, lastBaseSequence: base?.sequence ?? 0, lastIncrSequence };
    });

  test('what is written is read back, with any names', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        expect(parseManifest(formatManifest(manifest), 'x')).toEqual(manifest);
      }),
    );
  });

  test('damaged manifests are refused with a typed error or read, never anything else', () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.constantFrom('', '\n', '"', "'", '\\', ' ', '0', '#', '\0', '/', '\xff', 'b'),
    );
    let refused = 0;
    fc.assert(
      fc.property(manifests, fc.array(damage, { minLength: 1, maxLength: 4 }), (manifest, damages) => {
        let text = Buffer.from(formatManifest(manifest)).toString('latin1');
        for (const [place, removed, added] of damages) {
          const at = place % (text.length + 1);
          text = text.slice(0, at) + added + text.slice(at + removed);
        }
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
          refused++;
        }
      }),
    );
    expect(refused).toBeGreaterThan(10);
  });
});

describe('changes', () => {
  const names = new AofNames({ dir: '/d', appendfilename: 'log', appenddirname: 'parts' });

  test('history is newest first, and keeps what was not deleted', () => {
    let manifest = parse('file log.5.base.rdb seq 5 type b\nfile log.1.incr.aof seq 1 type i\n');
    for (let rewrite = 0; rewrite < 2; rewrite++) {
      manifest = withNextIncr(manifest, names).manifest;
      manifest = withIncrsAsHistory(withNextBase(manifest, names, 'rdb').manifest, 1);
    }
    expect(manifest.history.map((file) => file.name)).toEqual([
      'log.2.incr.aof',
      'log.6.base.rdb',
      'log.1.incr.aof',
      'log.5.base.rdb',
    ]);
    expect(manifest.history.every((file) => file.type === 'h')).toBe(true);
    expect(withoutHistory(manifest, (file) => file.sequence !== 6).history.map((file) => file.sequence)).toEqual([6]);
    expect(withoutHistory(manifest).history).toEqual([]);
  });

  test('with the log off a rewrite leaves no incr file, but numbers go on until the manifest is read again', () => {
    const before = parse(BASE + INCR);
    const off = withIncrsAsHistory(withNextBase(before, names, 'rdb').manifest, 0);
    expect(off.incr).toEqual([]);
    expect(withNextIncr(off, names).file.name).toBe('log.2.incr.aof');
    const again = parse(Buffer.from(formatManifest(off)).toString());
    expect(withNextIncr(again, names).file.name).toBe('log.1.incr.aof');
  });
});
