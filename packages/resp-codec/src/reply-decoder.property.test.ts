/** Any chunking decodes alike; decoding what was written is the identity; no input does more than a typed error. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { ReplyDecoder } from './reply-decoder.ts';
import {
  AttributedReply,
  ReplyFormatError,
  type ReplyOptions,
  type ReplyValue,
  RespError,
  VerbatimText,
} from './reply-value.ts';
import { ReplyWriter } from './reply-writer.ts';

const OPTIONS: ReplyOptions = { bulk: 'latin1', verbatim: 'wrap', attributes: 'wrap' };

/**
 * Decodes `stream`, cut at `cuts`, through one buffer that is overwritten between the chunks.
 * @param isPatient takes one reply per chunk at most; those that wait are retained
 */
function decode(stream: Uint8Array, cuts: readonly number[], options: ReplyOptions, isPatient = false) {
  const decoder = new ReplyDecoder(options);
  const replies: ReplyValue[] = [];
  const isPush: boolean[] = [];
  const takeOne = () => {
    const isThere = decoder.next() === FRAME;
    if (isThere) {
      replies.push(decoder.reply);
      isPush.push(decoder.isPush);
    }
    return isThere;
  };
  const shared = new Uint8Array(stream.length + 2);
  const ends = [...new Set([...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    shared.fill(0x3a);
    shared.set(stream.subarray(start, end), 2);
    decoder.feed(shared, 2, 2 + end - start);
    start = end;
    if (isPatient) {
      takeOne();
      decoder.retain();
    } else {
      while (takeOne());
      // To ask again changes nothing.
      expect(decoder.next()).toBe(decoder.error === undefined ? NEED_MORE : PROTOCOL_ERROR);
    }
  }
  shared.fill(0x3a);
  while (takeOne());
  const { error } = decoder;
  if (error !== undefined) expect(error).toBeInstanceOf(ReplyFormatError);
  return { replies, isPush, code: error?.code, errorAt: error?.streamOffset };
}

function bytesOf(writer: ReplyWriter): Buffer {
  const { byteLength } = writer;
  const bytes = Buffer.concat(
    writer.take().map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
  );
  expect(bytes.length).toBe(byteLength);
  return bytes;
}

/** Writes any value, as RESP3. */
function write(writer: ReplyWriter, value: ReplyValue, isDeferred: boolean): void {
  const writeAll = (items: Iterable<ReplyValue>) => {
    for (const item of items) write(writer, item, isDeferred);
  };
  if (value === null) writer.nullBulk();
  else if (typeof value === 'string') writer.bulk(value);
  else if (typeof value === 'boolean') writer.boolean(value);
  else if (typeof value === 'bigint') writer.bigNumber(value);
  else if (typeof value === 'number') Number.isSafeInteger(value) ? writer.integer(value) : writer.double(value);
  else if (value instanceof Uint8Array) writer.bulk(value);
  else if (value instanceof RespError) writer.error(value.message);
  else if (value instanceof VerbatimText) writer.verbatim(value.format, value.text);
  else if (value instanceof AttributedReply) {
    writer.attribute(value.attributes.size);
    writeAll([...value.attributes].flat());
    write(writer, value.reply, isDeferred);
  } else if (isDeferred) {
    const hold = writer.defer();
    writeAll(value instanceof Map ? [...value].flat() : value);
    if (value instanceof Map) writer.closeMap(hold, value.size);
    else if (value instanceof Set) writer.closeSet(hold, value.size);
    else writer.closeArray(hold, value.length);
  } else {
    if (value instanceof Map) writer.map(value.size);
    else if (value instanceof Set) writer.set(value.size);
    else writer.array(value.length);
    writeAll(value instanceof Map ? [...value].flat() : value);
  }
}

const char = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: char, maxLength: 20 }) },
  { weight: 1, arbitrary: fc.nat(6000).map((length) => 'v'.repeat(length)) },
);
const line = fc.string({ maxLength: 20 });
const { value: anyValue } = fc.letrec<{ value: ReplyValue; key: ReplyValue }>((tie) => ({
  key: fc.oneof(text, fc.maxSafeInteger()),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.maxSafeInteger(),
    fc.constant(null),
    fc.boolean(),
    fc.bigInt(),
    fc.double().filter((n) => !Number.isSafeInteger(n)),
    line.map((message) => new RespError(message)),
    fc.tuple(fc.constantFrom('txt', 'mkd'), text).map(([format, content]) => new VerbatimText(format, content)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('key'), { maxLength: 5 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('key'), tie('value')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc
      .tuple(fc.array(fc.tuple(tie('key'), tie('value')), { minLength: 1, maxLength: 2 }), tie('value'))
      .filter(([, reply]) => !(reply instanceof AttributedReply))
      .map(([pairs, reply]) => new AttributedReply(new Map(pairs), reply)),
  ),
}));
const cuts = fc.array(fc.nat(), { maxLength: 12 });
const everyByte = (stream: Uint8Array) => Array.from(stream, (_, i) => i);

/** Written replies with what the writer does not write between them. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: anyValue.map((value) => {
      const writer = new ReplyWriter(3);
      write(writer, value, false);
      return bytesOf(writer);
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n',
        '*?\r\n:1\r\n$?\r\n;0\r\n.\r\n',
        '%?\r\n+a\r\n:1\r\n.\r\n',
        '>2\r\n+pong\r\n+\r\n',
        '!5\r\nERR x\r\n',
        '*-1\r\n',
        '$-1\r\n',
        '*2\r\n',
        '.\r\n',
        ';1\r\nx\r\n',
        ':12x\r\n',
        ',1.5.5\r\n',
        '$3\r\nabcde',
        '*1\r\n>0\r\n',
        '\xc3\xa9',
        '*1\r\n'.repeat(12),
      )
      .map((stream) => Buffer.from(stream, 'latin1')),
  },
);
const stream = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
const options = fc.constantFrom<ReplyOptions>(
  OPTIONS,
  {},
  { bulk: 'bytes', integers: 'bigint', collections: 'array' },
  {
    integers: 'number',
    limits: { maxDepth: 8, maxElements: 20, maxBulkBytes: 100, maxLineBytes: 30, maxReplyBytes: 300 },
  },
);

describe('a stream of replies', () => {
  test('gives back the values that were written', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 6 }), cuts, fc.boolean(), (values, at, isDeferred) => {
        const writer = new ReplyWriter(3);
        for (const value of values) write(writer, value, isDeferred);
        const { replies, code } = decode(bytesOf(writer), at, OPTIONS);
        expect(code).toBeUndefined();
        expect(replies).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });

  test('decodes alike however it is cut', () => {
    let errors = 0;
    let seen = 0;
    fc.assert(
      fc.property(stream, cuts, options, (bytes, at, option) => {
        const whole = decode(bytes, [], option);
        expect(decode(bytes, at, option)).toEqual(whole);
        expect(decode(bytes, at, option, true)).toEqual(whole);
        if (bytes.length < 500) expect(decode(bytes, everyByte(bytes), option)).toEqual(whole);
        errors += whole.code === undefined ? 0 : 1;
        seen += whole.replies.length;
      }),
      { numRuns: 400 },
    );
    // The generator reaches both ends.
    expect(errors).toBeGreaterThan(50);
    expect(seen).toBeGreaterThan(200);
  });

  test('that was damaged gives replies or a typed error, alike however it is cut', () => {
    const damage = fc.array(
      fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...Buffer.from('+-:$*_,#!=(%~|>;.?0\r\n')), fc.nat(255))),
      { minLength: 1, maxLength: 4 },
    );
    let damaged = 0;
    fc.assert(
      fc.property(stream, damage, cuts, options, (bytes, changes, at, option) => {
        const bad = Buffer.from(bytes);
        for (const [index, byte] of changes) if (bad.length > 0) bad[index % bad.length] = byte;
        const whole = decode(bad, [], option);
        expect(decode(bad, at, option)).toEqual(whole);
        damaged += whole.code === undefined ? 0 : 1;
      }),
      { numRuns: 600 },
    );
    expect(damaged).toBeGreaterThan(100);
  });

  test('of any bytes gives replies or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, options, (bytes, at, option) => {
        expect(decode(bytes, at, option)).toEqual(decode(bytes, [], option));
      }),
    );
  });
});
