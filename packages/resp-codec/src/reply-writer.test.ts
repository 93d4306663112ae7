import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Protocol, type ReplyPiece, ReplyWriter } from './reply-writer.ts';

const joined = (pieces: readonly ReplyPiece[]) =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1'))).join('');

function written(protocol: Protocol, write: (writer: ReplyWriter) => void): string {
  const writer = new ReplyWriter(protocol);
  write(writer);
  const { byteLength } = writer;
  const text = joined(writer.take());
  expect(text.length).toBe(byteLength);
  expect(writer.isEmpty).toBe(true);
  expect(writer.byteLength).toBe(0);
  return text;
}

describe('a reply in RESP2 and in RESP3', () => {
  test.each<[string, (writer: ReplyWriter) => void, string, string]>([
    ['ok', (w) => w.ok(), '+OK\r\n', '+OK\r\n'],
    ['simple', (w) => w.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
    ['error', (w) => w.error('ERR no'), '-ERR no\r\n', '-ERR no\r\n'],
    ['an error with line breaks', (w) => w.error('ERR a\r\nb'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
    ['integer', (w) => w.integer(42), ':42\r\n', ':42\r\n'],
    ['a negative integer', (w) => w.integer(-1), ':-1\r\n', ':-1\r\n'],
    ['a large integer', (w) => w.integer(1e15), ':1000000000000000\r\n', ':1000000000000000\r\n'],
    ['a bigint', (w) => w.integer(-(2n ** 63n)), ':-9223372036854775808\r\n', ':-9223372036854775808\r\n'],
    ['bulk', (w) => w.bulk('a\xff'), '$2\r\na\xff\r\n', '$2\r\na\xff\r\n'],
    ['bulk of bytes', (w) => w.bulk(new Uint8Array([0, 255])), '$2\r\n\0\xff\r\n', '$2\r\n\0\xff\r\n'],
    [
      'bulk of a range of bytes',
      (w) => w.bulkRange(new Uint8Array([1, 0, 255, 2]), 1, 3),
      '$2\r\n\0\xff\r\n',
      '$2\r\n\0\xff\r\n',
    ],
    ['nullBulk', (w) => w.nullBulk(), '$-1\r\n', '_\r\n'],
    ['nullArray', (w) => w.nullArray(), '*-1\r\n', '_\r\n'],
    ['array', (w) => w.array(2), '*2\r\n', '*2\r\n'],
    ['a large array', (w) => w.array(5000), '*5000\r\n', '*5000\r\n'],
    ['map', (w) => w.map(2), '*4\r\n', '%2\r\n'],
    ['set', (w) => w.set(2), '*2\r\n', '~2\r\n'],
    ['push', (w) => w.push(3), '*3\r\n', '>3\r\n'],
    ['double', (w) => w.double(0.1), '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n'],
    ['double as text', (w) => w.double('0.1'), '$3\r\n0.1\r\n', ',0.1\r\n'],
    ['an infinite double', (w) => w.double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['true', (w) => w.boolean(true), ':1\r\n', '#t\r\n'],
    ['false', (w) => w.boolean(false), ':0\r\n', '#f\r\n'],
    ['bigNumber', (w) => w.bigNumber(10n ** 20n), '$21\r\n100000000000000000000\r\n', '(100000000000000000000\r\n'],
    ['verbatim', (w) => w.verbatim('txt', 'hi'), '$2\r\nhi\r\n', '=6\r\ntxt:hi\r\n'],
    ['raw', (w) => w.raw('+x\r\n'), '+x\r\n', '+x\r\n'],
    ['raw bytes', (w) => w.raw(Buffer.from('+x\r\n')), '+x\r\n', '+x\r\n'],
  ])('%s', (_name, write, resp2, resp3) => {
    expect(written(2, write)).toBe(resp2);
    expect(written(3, write)).toBe(resp3);
  });

  test('attributes are for RESP3', () => {
    expect(written(3, (w) => w.attribute(1))).toBe('|1\r\n');
    expect(() => written(2, (w) => w.attribute(1))).toThrow('RESP2 has no attributes');
  });
});

describe('a length that is not known yet', () => {
  test.each<[Protocol, string]>([
    [2, ':0\r\n*2\r\n:1\r\n*1\r\n*4\r\n*1\r\n:2\r\n'],
    [3, ':0\r\n*2\r\n:1\r\n*1\r\n%2\r\n~1\r\n:2\r\n'],
  ])('is filled in when it is, nested or not, in RESP%i', (protocol, expected) => {
    const text = written(protocol, (w) => {
      w.integer(0);
      const outer = w.defer();
      w.integer(1);
      const inner = w.defer();
      const map = w.defer();
      const set = w.defer();
      w.integer(2);
      w.closeSet(set, 1);
      w.closeMap(map, 2);
      w.closeArray(inner, 1);
      w.closeArray(outer, 2);
    });
    expect(text).toBe(expected);
  });

  test('must be filled in, once', () => {
    const writer = new ReplyWriter();
    const hold = writer.defer();
    expect(() => writer.take()).toThrow('never closed');
    writer.closeArray(hold, 0);
    expect(() => writer.closeArray(hold, 0)).toThrow('not an open');
    expect(writer.take()).toEqual(['*0\r\n']);
  });

  test('leaves one string', () => {
    const writer = new ReplyWriter();
    for (let i = 0; i < 100; i++) writer.closeArray(writer.defer(), i);
    expect(writer.take()).toHaveLength(1);
  });
});

describe('long replies', () => {
  test('are taken as strings of bounded length', () => {
    const writer = new ReplyWriter();
    const value = 'x'.repeat(1000);
    for (let i = 0; i < 1000; i++) writer.bulk(value);
    const { byteLength } = writer;
    const pieces = writer.take();
    expect(joined(pieces)).toBe(`$1000\r\n${value}\r\n`.repeat(1000));
    expect(byteLength).toBe(1009 * 1000);
    expect(pieces.length).toBeGreaterThan(10);
    for (const piece of pieces) expect(piece.length).toBeLessThan(128 * 1024);
  });

  test('hold long bytes as a piece of their own, copied unless they are shared', () => {
    const bytes = new Uint8Array(10_000).fill(97);
    const writer = new ReplyWriter();
    writer.ok();
    writer.bulk(bytes);
    writer.bulkShared(bytes);
    bytes.fill(98);
    const pieces = writer.take();
    expect(joined(pieces)).toBe(`+OK\r\n$10000\r\n${'a'.repeat(10_000)}\r\n$10000\r\n${'b'.repeat(10_000)}\r\n`);
    expect(pieces).toContain(bytes);
  });
});

/** Bytes of which each part looks different. */
const LETTERS = Uint8Array.from({ length: 6000 }, (_, n) => 97 + (n % 23));

test('long replies of several writers, written in turns, are what each of their parts is alone', () => {
  const part = fc.oneof(
    fc.nat(300).map((n) => (w: ReplyWriter) => w.array(n)),
    fc.nat(20).map((n) => (w: ReplyWriter) => w.map(n)),
    fc.integer().map((n) => (w: ReplyWriter) => w.integer(n)),
    fc
      .constantFrom('', 'x', '\xff\x00', 'y'.repeat(15), 'z'.repeat(1000), 'long'.repeat(5000))
      .map((text) => (w: ReplyWriter) => w.bulk(text)),
    fc.constantFrom(10, 5000, 20_000).map((n) => (w: ReplyWriter) => w.bulk(new Uint8Array(n).fill(7))),
    fc
      .constantFrom(0, 1, 12, 200, 3000, 5000)
      .map((length) => (w: ReplyWriter) => w.bulkRange(LETTERS, 100, 100 + length)),
    fc.constant((w: ReplyWriter) => {
      const hold = w.defer();
      w.bulk('one');
      w.closeArray(hold, 1);
    }),
  );
  const step = fc.record({ writer: fc.nat(2), part, takes: fc.nat(30).map((n) => n === 0) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const writers = [0, 1, 2].map(() => ({ writer: new ReplyWriter(2), text: '', expected: '' }));
      for (const { writer: index, part: write, takes } of steps) {
        const one = writers[index] ?? { writer: new ReplyWriter(2), text: '', expected: '' };
        write(one.writer);
        one.expected += written(2, write);
        expect(one.writer.byteLength + one.text.length).toBe(one.expected.length);
        if (takes) one.text += joined(one.writer.take());
      }
      for (const { writer, text, expected } of writers) expect(text + joined(writer.take())).toBe(expected);
    }),
  );
});
