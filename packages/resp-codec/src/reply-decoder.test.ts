import { describe, expect, test } from 'vitest';
import { FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { ReplyDecoder } from './reply-decoder.ts';
import { AttributedReply, type ReplyOptions, type ReplyValue, RespError, VerbatimText } from './reply-value.ts';

/** Feeds `stream` (latin1) whole; all replies in it. */
function decode(stream: string, options?: ReplyOptions): { replies: ReplyValue[]; code: string | undefined } {
  const decoder = new ReplyDecoder(options);
  decoder.feed(Buffer.from(stream, 'latin1'));
  const replies: ReplyValue[] = [];
  while (decoder.next() === FRAME) replies.push(decoder.reply);
  return { replies, code: decoder.error?.code };
}

const repliesIn = (stream: string, options?: ReplyOptions) => {
  const { replies, code } = decode(stream, options);
  expect(code).toBeUndefined();
  return replies;
};
const one = (stream: string, options?: ReplyOptions) => {
  const replies = repliesIn(stream, options);
  expect(replies).toHaveLength(1);
  return replies[0];
};
const codeOf = (stream: string, options?: ReplyOptions) => {
  const { replies, code } = decode(stream, options);
  expect(replies).toEqual([]);
  return code;
};
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

describe('a reply', () => {
  test.each<[string, ReplyValue]>([
    ['+OK\r\n', 'OK'],
    ['+\r\n', ''],
    ['+OKAY\r\n', 'OKAY'],
    [':0\r\n', 0],
    [':-12\r\n', -12],
    [':+12\r\n', 12],
    [':1234567890123\r\n', 1234567890123],
    [':9007199254740993\r\n', 9007199254740993n],
    [':-9223372036854775808\r\n', -9223372036854775808n],
    ['$0\r\n\r\n', ''],
    ['$5\r\nhe\r\no\r\n', 'he\r\no'],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['_\r\n', null],
    ['*0\r\n', []],
    ['*3\r\n:1\r\n*1\r\n$1\r\nx\r\n_\r\n', [1, ['x'], null]],
    [',3.25\r\n', 3.25],
    [',-.5\r\n', -0.5],
    [',10\r\n', 10],
    [',1e-7\r\n', 1e-7],
    [',0.10000000000000001\r\n', 0.1],
    [',inf\r\n', Number.POSITIVE_INFINITY],
    [',-inf\r\n', Number.NEGATIVE_INFINITY],
    [',nan\r\n', Number.NaN],
    ['#t\r\n', true],
    ['#f\r\n', false],
    ['(-3492890328409238509324850943850943825024385\r\n', -3492890328409238509324850943850943825024385n],
    ['(+7\r\n', 7n],
    ['=15\r\ntxt:Some string\r\n', 'Some string'],
    ['=4\r\ntxt:\r\n', ''],
    ['~2\r\n+a\r\n:1\r\n', new Set<ReplyValue>(['a', 1])],
    [
      '%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n',
      new Map<ReplyValue, ReplyValue>([
        ['a', 1],
        ['b', []],
      ]),
    ],
    ['|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n', 'v'],
    ['*2\r\n|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n:1\r\n', ['v', 1]],
    ['$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n', 'Hello'],
    ['$?\r\n;0\r\n', ''],
    ['*?\r\n:1\r\n*?\r\n.\r\n.\r\n', [1, []]],
    ['%?\r\n+a\r\n:1\r\n.\r\n', new Map([['a', 1]])],
    ['~?\r\n+a\r\n+a\r\n.\r\n', new Set(['a'])],
  ])('%j is decoded, whole and byte by byte', (stream, value) => {
    expect(one(stream)).toEqual(value);
    const decoder = new ReplyDecoder();
    const bytes = Buffer.from(stream, 'latin1');
    bytes.forEach((_, i) => {
      decoder.feed(bytes, i, i + 1);
      expect(decoder.next()).toBe(i === bytes.length - 1 ? FRAME : NEED_MORE);
    });
    expect(decoder.reply).toEqual(value);
    expect(decoder.next()).toBe(NEED_MORE);
  });

  test('may be an error, which is a value and not thrown', () => {
    for (const [stream, message, code] of [
      ['-WRONGTYPE Operation against\r\n', 'WRONGTYPE Operation against', 'WRONGTYPE'],
      ['-ERR\r\n', 'ERR', 'ERR'],
      ['!8\r\nERR a\r\nb\r\n', 'ERR a\r\nb', 'ERR'],
    ] as const) {
      const reply = one(stream);
      expect(reply).toBeInstanceOf(RespError);
      expect(reply).toMatchObject({ message, code, name: 'RespError' });
    }
    expect(one('*2\r\n:1\r\n-ERR x\r\n')).toEqual([1, new RespError('ERR x')]);
  });

  test('may be a push message, which is told apart', () => {
    const decoder = new ReplyDecoder();
    decoder.feed(Buffer.from('>2\r\n+invalidate\r\n*0\r\n:1\r\n>0\r\n_\r\n>0\r\n*1\r\n:1\r\n+OK\r\n'));
    const seen: [ReplyValue, boolean][] = [];
    while (decoder.next() === FRAME) seen.push([decoder.reply, decoder.isPush]);
    expect(seen).toEqual([
      [['invalidate', []], true],
      [1, false],
      [[], true],
      [null, false],
      [[], true],
      [[1], false],
      ['OK', false],
    ]);
  });
});

describe('options', () => {
  test('bulk: strings are UTF-8, latin1 or bytes', () => {
    const stream = `$6\r\n${utf8('aéx€')}\r\n`.replace('$6', '$7');
    expect(one(stream)).toBe('aéx€');
    expect(one(stream, { bulk: 'latin1' })).toBe(utf8('aéx€'));
    expect(one(stream, { bulk: 'bytes' })).toEqual(new Uint8Array(Buffer.from('aéx€')));
    expect(one('+OK\r\n', { bulk: 'bytes' })).toBe('OK');
    expect(one('$?\r\n;1\r\n\xff\r\n;0\r\n', { bulk: 'bytes' })).toEqual(new Uint8Array([255]));
  });

  test('bulk: a character may lie across the pieces of a streamed string', () => {
    expect(one(`$?\r\n;1\r\n\xe2\r\n;2\r\n\x82\xac\r\n;0\r\n`)).toBe('€');
  });

  test('bulk: bytes are copies', () => {
    const chunk = Buffer.from('$3\r\nabc\r\n');
    const decoder = new ReplyDecoder({ bulk: 'bytes' });
    decoder.feed(chunk);
    expect(decoder.next()).toBe(FRAME);
    chunk.fill(0);
    expect(decoder.reply).toEqual(new Uint8Array([97, 98, 99]));
  });

  test('integers: numbers, bigints, or whichever is exact', () => {
    const stream = '*2\r\n:1\r\n:9007199254740993\r\n';
    expect(one(stream)).toEqual([1, 9007199254740993n]);
    expect(one(stream, { integers: 'number' })).toEqual([1, 9007199254740992]);
    expect(one(stream, { integers: 'bigint' })).toEqual([1n, 9007199254740993n]);
  });

  test('collections: as JavaScript has them, or flat', () => {
    const stream = '*2\r\n%1\r\n+a\r\n:1\r\n~2\r\n:1\r\n:1\r\n';
    expect(one(stream)).toEqual([new Map([['a', 1]]), new Set([1])]);
    expect(one(stream, { collections: 'array' })).toEqual([
      ['a', 1],
      [1, 1],
    ]);
  });

  test('verbatim: as text, or with its format', () => {
    expect(one('=5\r\nmkd:x\r\n', { verbatim: 'wrap' })).toEqual(new VerbatimText('mkd', 'x'));
  });

  test('attributes: left out, or around what they belong to', () => {
    const stream = '|1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+b\r\n:2\r\n:5\r\n:6\r\n:7\r\n';
    expect(repliesIn(stream)).toEqual([[5, 6], 7]);
    expect(repliesIn(stream, { attributes: 'wrap' })).toEqual([
      new AttributedReply(new Map([['a', 1]]), [new AttributedReply(new Map([['b', 2]]), 5), 6]),
      7,
    ]);
  });
});

describe('what is no reply', () => {
  test.each<[string, string]>([
    ['@\r\n', 'RESP_UNKNOWN_TYPE'],
    ['\r\n', 'RESP_UNKNOWN_TYPE'],
    [';1\r\nx\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['.\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['*1\r\n.\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['*?\r\n.x\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['%?\r\n+a\r\n.\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['*?\r\n|1\r\n+a\r\n+b\r\n.\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['$?\r\n+a\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['*1\r\n>0\r\n', 'RESP_UNEXPECTED_TYPE'],
    ['*x\r\n', 'RESP_LENGTH'],
    ['*\r\n', 'RESP_LENGTH'],
    ['*-2\r\n', 'RESP_LENGTH'],
    ['$-2\r\n', 'RESP_LENGTH'],
    ['$1x\r\n', 'RESP_LENGTH'],
    ['~-1\r\n', 'RESP_LENGTH'],
    ['=-1\r\n', 'RESP_LENGTH'],
    ['=3\r\ntxt\r\n', 'RESP_LENGTH'],
    ['>?\r\n', 'RESP_LENGTH'],
    ['|?\r\n', 'RESP_LENGTH'],
    ['$536870913\r\n', 'RESP_LENGTH'],
    ['*4294967296\r\n', 'RESP_LENGTH'],
    ['%16777217\r\n', 'RESP_LENGTH'],
    ['~16777217\r\n', 'RESP_LENGTH'],
    ['*99999999999999999999\r\n', 'RESP_LENGTH'],
    ['$1\r\nxyz', 'RESP_LINE_END'],
    ['+a\nb\r\n', 'RESP_LINE_END'],
    ['+a\rb\r\n', 'RESP_LINE_END'],
    [':1\rx', 'RESP_LINE_END'],
    [':\r\n', 'RESP_NUMBER'],
    [':1a\r\n', 'RESP_NUMBER'],
    [':--1\r\n', 'RESP_NUMBER'],
    [',1.2.3\r\n', 'RESP_NUMBER'],
    [',\r\n', 'RESP_NUMBER'],
    ['#x\r\n', 'RESP_NUMBER'],
    ['#\r\n', 'RESP_NUMBER'],
    ['_x\r\n', 'RESP_NUMBER'],
    ['(1.5\r\n', 'RESP_NUMBER'],
  ])('%j is refused', (stream, code) => {
    expect(codeOf(stream)).toBe(code);
  });

  test('is refused for good, and where it stands is told', () => {
    const decoder = new ReplyDecoder();
    const chunk = Buffer.from('+OK\r\n*2\r\n:1\r\n@');
    decoder.feed(chunk);
    expect(decoder.next()).toBe(FRAME);
    expect(decoder.next()).toBe(PROTOCOL_ERROR);
    expect(decoder.error?.streamOffset).toBe(13);
    expect(decoder.reply).toBe(null);
    decoder.feed(Buffer.from('+OK\r\n'));
    expect(decoder.next()).toBe(PROTOCOL_ERROR);
  });
});

describe('limits', () => {
  test('bound depth, elements, strings, lines and whole replies', () => {
    const deep = (levels: number) => `${'*1\r\n'.repeat(levels)}:1\r\n`;
    expect(one(deep(3), { limits: { maxDepth: 3 } })).toEqual([[[1]]]);
    expect(codeOf(deep(4), { limits: { maxDepth: 3 } })).toBe('RESP_DEPTH');
    expect(codeOf(deep(100_000))).toBe('RESP_DEPTH');
    expect(codeOf('*4\r\n', { limits: { maxElements: 3 } })).toBe('RESP_LENGTH');
    expect(codeOf('%2\r\n', { limits: { maxElements: 3 } })).toBe('RESP_LENGTH');
    expect(codeOf(`*?\r\n${':1\r\n'.repeat(4)}.\r\n`, { limits: { maxElements: 3 } })).toBe('RESP_LENGTH');
    expect(one('$3\r\nabc\r\n', { limits: { maxBulkBytes: 3 } })).toBe('abc');
    expect(codeOf('$4\r\nabcd\r\n', { limits: { maxBulkBytes: 3 } })).toBe('RESP_LENGTH');
    expect(codeOf('$?\r\n;2\r\nab\r\n;2\r\ncd\r\n', { limits: { maxBulkBytes: 3 } })).toBe('RESP_LENGTH');
    expect(one('+abc\r\n', { limits: { maxLineBytes: 3 } })).toBe('abc');
    expect(codeOf('+abcd\r\n', { limits: { maxLineBytes: 3 } })).toBe('RESP_LINE_TOO_LONG');
    const array = '*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n';
    expect(one(array, { limits: { maxReplyBytes: array.length } })).toEqual(['abc', 'abc']);
    expect(codeOf(array, { limits: { maxReplyBytes: array.length - 1 } })).toBe('RESP_REPLY_TOO_LONG');
    const long = `*50\r\n${'$3\r\nabc\r\n'.repeat(50)}`;
    expect(one(long, { limits: { maxReplyBytes: long.length } })).toHaveLength(50);
    expect(codeOf(long, { limits: { maxReplyBytes: long.length - 1 } })).toBe('RESP_REPLY_TOO_LONG');
    expect(repliesIn('$3\r\nabc\r\n'.repeat(9), { limits: { maxReplyBytes: 40 } })).toHaveLength(9);
  });

  test('hold before anything is allocated', () => {
    const decoder = new ReplyDecoder();
    decoder.feed(Buffer.from('*4294967295\r\n$536870888\r\nabc'));
    expect(decoder.next()).toBe(NEED_MORE);
  });
});

describe('text', () => {
  test('that is not UTF-8 decodes as it would alone, whatever stands beside it', () => {
    const pieces = ['abc', 'é', '€', '\u{1f600}', 'naïve'].map((text) => Buffer.from(text));
    pieces.push(Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xe2, 0x82]), Buffer.from([0x80, 0x41]));
    pieces.push(Buffer.alloc(0), Buffer.from('x'.repeat(127)), Buffer.from('y'.repeat(700)), Buffer.from('\ufeffbom'));
    const many = Array.from({ length: 3000 }, (_, i) => pieces[(i * i + (i >> 5)) % pieces.length]);
    const stream = Buffer.concat([
      Buffer.from(`*${many.length}\r\n`),
      ...many.flatMap((bytes) => [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]),
    ]);
    const decoder = new ReplyDecoder();
    decoder.feed(stream);
    expect(decoder.next()).toBe(FRAME);
    expect(decoder.reply).toEqual(many.map((bytes) => bytes.toString()));
  });

  test('of a simple string is UTF-8 too', () => {
    expect(one(`+${utf8('né')}\r\n`)).toBe('né');
    expect(one(`-ERR ${utf8('né')}\r\n`)).toMatchObject({ message: 'ERR né' });
  });
});

describe('a long reply', () => {
  test('is not copied or read again for each chunk', () => {
    const bytes = 4 << 20;
    const stream = Buffer.from(`*2\r\n$${bytes}\r\n${'x'.repeat(bytes)}\r\n$1\r\ny\r\n`);
    const original = Uint8Array.prototype.set;
    let copied = 0;
    Uint8Array.prototype.set = function set(this: Uint8Array, source: ArrayLike<number>, offset?: number) {
      copied += source.length;
      original.call(this, source, offset);
    };
    const decoder = new ReplyDecoder();
    try {
      for (let at = 0; at < stream.length; at += 4096) {
        decoder.feed(stream, at, Math.min(at + 4096, stream.length));
        expect(decoder.next()).toBe(at + 4096 < stream.length ? NEED_MORE : FRAME);
      }
    } finally {
      Uint8Array.prototype.set = original;
    }
    expect(decoder.reply).toEqual(['x'.repeat(bytes), 'y']);
    expect(copied).toBeGreaterThan(bytes);
    expect(copied).toBeLessThan(4 * bytes);
  });

  test('of many elements leaves no element unread twice', () => {
    // Each element takes one look: a decoder that began again with each chunk would need 25 million.
    const count = 50_000;
    const decoder = new ReplyDecoder();
    const element = Buffer.from('$1\r\nx\r\n');
    decoder.feed(Buffer.from(`*${count}\r\n`));
    expect(decoder.next()).toBe(NEED_MORE);
    for (let i = 0; i < count; i++) {
      decoder.feed(element);
      expect(decoder.next() === FRAME).toBe(i === count - 1);
    }
    expect(decoder.reply).toHaveLength(count);
  });
});

test('replies that wait survive the reuse of the chunk after retain', () => {
  const chunk = Buffer.from(':1\r\n:2\r\n$2\r\nab\r\n:3');
  const decoder = new ReplyDecoder();
  decoder.feed(chunk);
  expect(decoder.next()).toBe(FRAME);
  decoder.retain();
  chunk.fill(0);
  const seen: ReplyValue[] = [];
  while (decoder.next() === FRAME) seen.push(decoder.reply);
  decoder.feed(Buffer.from('4\r\n'));
  while (decoder.next() === FRAME) seen.push(decoder.reply);
  expect(seen).toEqual([2, 'ab', 34]);
});
