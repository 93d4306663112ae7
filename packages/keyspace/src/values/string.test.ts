import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isIntegerText,
  RAW_ABOVE_BYTES,
  RawString,
  stringByteAt,
  stringContent,
  stringEncoding,
  stringEquals,
  stringLength,
  stringSlice,
  stringText,
  stringValueOf,
  toRawString,
} from './string.ts';

const bytes = fc.uint8Array({ maxLength: 50 });
const latin1 = (content: Uint8Array | readonly number[]) => Buffer.from(content).toString('latin1');

describe('a RawString', () => {
  test('equals an array of bytes after any changes', () => {
    const change = fc.record({ kind: fc.nat(4), at: fc.nat(200), content: bytes, isText: fc.boolean() });
    fc.assert(
      fc.property(bytes, fc.array(change, { maxLength: 20 }), (start, changes) => {
        const raw = RawString.of(start);
        const model = [...start];
        const grow = (length: number) => {
          while (model.length < length) model.push(0);
        };
        for (const { kind, at, content, isText } of changes) {
          const piece = isText ? latin1(content) : content;
          if (kind === 0) {
            raw.append(piece);
            model.push(...content);
          } else if (kind === 1) {
            raw.setRange(at, piece);
            grow(at);
            model.splice(at, content.length, ...content);
          } else if (kind === 2) {
            raw.setByte(at, 200);
            grow(at + 1);
            model[at] = 200;
          } else if (kind === 3) {
            raw.resize(at);
            model.length = Math.min(model.length, at);
            grow(at);
          } else {
            const copy = raw.clone();
            copy.append('x');
          }
          expect(raw.latin1()).toBe(latin1(model));
          expect(raw.byteLength).toBe(model.length);
        }
      }),
    );
  });

  test('appends in amortised constant time: a thousand times more appends move few more bytes each', () => {
    const raw = RawString.of('');
    let moves = 0;
    let capacity = 0;
    for (let i = 0; i < 3_000_000; i++) {
      raw.append('x');
      if (raw.memoryBytes() !== capacity) {
        moves += raw.byteLength;
        capacity = raw.memoryBytes();
      }
    }
    expect(moves / raw.byteLength).toBeLessThan(6);
    expect(raw.memoryBytes()).toBeLessThan(2 * raw.byteLength);
  });
});

describe('a string value', () => {
  test('answers alike in both forms', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(60), fc.nat(60), (content, other, start, length) => {
        const text = latin1(content);
        const raw = RawString.of(text);
        for (const value of [text, raw]) {
          expect(stringLength(value)).toBe(content.length);
          expect(stringText(value)).toBe(text);
          expect(Buffer.from(stringContent(value) as string, 'latin1')).toEqual(Buffer.from(content));
          expect(stringByteAt(value, start)).toBe(content[start]);
          const slice = stringSlice(value, start, start + length);
          expect(typeof slice === 'string' ? slice : latin1(slice)).toBe(text.slice(start, start + length));
          expect(toRawString(value).latin1()).toBe(text);
          for (const second of [latin1(other), RawString.of(other)]) {
            expect(stringEquals(value, second)).toBe(text === latin1(other));
          }
          expect(stringEquals(value, raw.clone())).toBe(true);
        }
        expect(toRawString(raw)).toBe(raw);
      }),
    );
  });

  test('is a RawString when it is large', () => {
    expect(stringValueOf(Buffer.from('é', 'latin1'))).toBe('é');
    expect(stringValueOf('x'.repeat(RAW_ABOVE_BYTES))).toBeTypeOf('string');
    expect(stringValueOf(new Uint8Array(RAW_ABOVE_BYTES + 1))).toBeInstanceOf(RawString);
  });

  test('has the encoding that Redis gives it', () => {
    const encodings = ['12', '-9223372036854775808', '9223372036854775808', '012', 'x'.repeat(44), 'x'.repeat(45)].map(
      stringEncoding,
    );
    expect(encodings).toEqual(['int', 'int', 'embstr', 'embstr', 'embstr', 'raw']);
    expect(stringEncoding(RawString.of('12'))).toBe('raw');
  });

  test('is an integer exactly when it prints like a signed 64-bit one', () => {
    const near = fc
      .tuple(fc.constantFrom(2n ** 63n, -(2n ** 63n), 0n, 10n ** 18n), fc.bigInt({ min: -3n, max: 3n }))
      .map(([a, b]) => String(a + b));
    fc.assert(
      fc.property(
        fc.oneof(near, fc.string(), fc.bigInt().map(String), fc.stringMatching(/^[-+ ]?[0-9]{0,21}$/)),
        (text) => {
          let expected = false;
          if (/^-?[0-9]+$/.test(text)) expected = String(BigInt.asIntN(64, BigInt(text))) === text;
          expect(isIntegerText(text)).toBe(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
