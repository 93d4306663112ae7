import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLength, encodeCommand, writeCommand } from './encode-command.ts';
import { Request } from './request.ts';

const integer = (text: string) => Request.of([text]).integer(0);
const float = (text: string) => Request.of([text]).float(0);

describe('an integer argument', () => {
  test.each([
    ['0', 0],
    ['7', 7],
    ['-1', -1],
    ['999999999999999', 999999999999999],
    ['-999999999999999', -999999999999999],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
  ])('%s is taken', (text, value) => {
    expect(integer(text)).toBe(value);
  });

  test.each([
    '',
    '-',
    '+1',
    '-0',
    '01',
    '-01',
    '00',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '0x1',
    '9223372036854775808',
    '-9223372036854775809',
    '10000000000000000000',
    '99999999999999999999',
    '1:',
    '1/',
    '123456789012345678/',
  ])('%j is refused', (text) => {
    expect(integer(text)).toBeUndefined();
  });

  test('equals the text for every 64-bit integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        const value = integer(String(n));
        expect(BigInt(value ?? 'none')).toBe(n);
        expect(typeof value).toBe(Number.isSafeInteger(Number(n)) ? 'number' : 'bigint');
      }),
    );
  });
});

describe('a floating-point argument', () => {
  test.each([
    ['0', 0],
    ['-0', -0],
    ['3.5', 3.5],
    ['+1', 1],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['123456789012345678', 123456789012345680],
    ['0.0000000', 0],
    ['0e99999', 0],
    ['inf', Number.POSITIVE_INFINITY],
    ['+INF', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['5e-324', 5e-324],
    ['0x1p3', 8],
    ['0X.8', 0.5],
    ['-0x1.', -1],
    ['0xAbP-1', 85.5],
    ['0x0p99999999999', 0],
    ['0x1.fffffffffffff8p0', 2],
    ['0x1.fffffffffffff7p0', 1.9999999999999998],
    ['0x1.00000000000008p0', 1],
    ['0x1.000000000000081p0', 1.0000000000000002],
    ['0x1.8p-1075', 5e-324],
    ['0x1.fffffffffffffp1023', Number.MAX_VALUE],
    [`0x${'f'.repeat(300)}p-1200`, 1],
  ])('%s is taken', (text, value) => {
    expect(float(text)).toBe(value);
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '.',
    '-',
    '1e',
    '1e+',
    'nan',
    'NaN',
    'nan(1)',
    'infinit',
    'in',
    '1_0',
    '1,5',
    '0x',
    '0x.',
    '0x1p',
    '0xg',
    '1e400',
    '-1e400',
    '1e-400',
    '0x1p1024',
    '0x1p-1075',
    '0x1p-99999999999',
    '1\0',
  ])('%j is refused', (text) => {
    expect(float(text)).toBeUndefined();
  });

  test('equals what was printed', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (n) => {
        const text = Number.isFinite(n) ? (Object.is(n, -0) ? '-0' : String(n)) : n > 0 ? 'inf' : '-inf';
        expect(float(text)).toBe(n);
      }),
    );
  });
});

describe('a word', () => {
  test('is compared without regard to the case of ASCII letters, and to nothing else', () => {
    const request = Request.of(['GeT', 'k\xc9y', '[{@`']);
    expect(request.is(0, 'get')).toBe(true);
    expect(request.is(0, 'ge')).toBe(false);
    expect(request.is(0, 'gets')).toBe(false);
    expect(request.is(0, 'gex')).toBe(false);
    expect(request.is(1, 'k\xe9y')).toBe(false);
    expect(request.is(2, '{{`@')).toBe(false);
    expect(request.is(2, '[{@`')).toBe(true);
  });
});

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
  fc.constant('x'.repeat(1000)),
);
const asLatin1 = (arg: string | Uint8Array) => (typeof arg === 'string' ? arg : Buffer.from(arg).toString('latin1'));

describe('Request.of', () => {
  test('shows the arguments and their RESP bytes', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 30 }), (args) => {
        for (const request of [Request.of(args), Request.of(args).detach()]) {
          expect(request.count).toBe(args.length);
          args.forEach((arg, i) => {
            const text = asLatin1(arg);
            expect(request.latin1(i)).toBe(text);
            expect(request.key(i)).toBe(text);
            expect(request.length(i)).toBe(text.length);
            expect(request.end(i) - request.start(i)).toBe(text.length);
            expect(Buffer.from(request.bytes(i)).toString('latin1')).toBe(text);
          });
          expect(request.toResp()).toEqual(encodeCommand(args));
          expect(request.rawEnd - request.rawStart).toBe(commandLength(args));
        }
      }),
    );
  });

  test('copies bytes', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const request = Request.of([bytes]);
    bytes.fill(0);
    expect([...request.bytes(0)]).toEqual([1, 2, 3]);
  });
});

describe('writeCommand', () => {
  test('writes what Redis reads, at an offset', () => {
    const args = ['SET', 'k\xff', new Uint8Array([0, 13, 10])];
    const target = new Uint8Array(commandLength(args) + 5);
    expect(writeCommand(target, 3, args)).toBe(3 + commandLength(args));
    const text = Buffer.from(target).toString('latin1');
    expect(text).toBe('\0\0\0*3\r\n$3\r\nSET\r\n$2\r\nk\xff\r\n$3\r\n\0\r\n\r\n\0\0');
  });
});
