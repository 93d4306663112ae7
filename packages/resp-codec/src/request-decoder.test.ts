import { describe, expect, test } from 'vitest';
import { FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { encodeCommand } from './encode-command.ts';
import type { Request } from './request.ts';
import { RequestDecoder } from './request-decoder.ts';
import { DEFAULT_LIMITS, type RequestLimits, UNAUTHENTICATED_LIMITS } from './request-limits.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** The arguments of all requests in `stream`, and the error that ends it. */
function decode(stream: string, limits?: RequestLimits): { requests: string[][]; error: string | undefined } {
  const decoder = new RequestDecoder(limits);
  decoder.feed(latin1(stream));
  const requests: string[][] = [];
  while (decoder.next() === FRAME) requests.push(words(decoder.request));
  return { requests, error: decoder.error?.reply };
}

function words(request: Request): string[] {
  return Array.from({ length: request.count }, (_, i) => request.latin1(i));
}

const requestsIn = (stream: string) => {
  const { requests, error } = decode(stream);
  expect(error).toBeUndefined();
  return requests;
};
const errorOf = (stream: string, limits?: RequestLimits) => decode(stream, limits).error;

describe('requests', () => {
  test('are arrays of bulk strings, one behind the other', () => {
    expect(requestsIn('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n')).toEqual([['GET', 'k'], ['PING']]);
  });

  test('may hold any bytes, and empty arguments', () => {
    expect(requestsIn('*3\r\n$0\r\n\r\n$4\r\n\r\n\0\xff\r\n$0\r\n\r\n')).toEqual([['', '\r\n\0\xff', '']]);
  });

  test('without arguments are skipped, as are blank lines', () => {
    expect(requestsIn('*0\r\n*-1\r\n*-7\r\n\r\n \t \n*1\r\n$4\r\nPING\r\n')).toEqual([['PING']]);
  });

  test('may be lines', () => {
    expect(requestsIn('SET k "a b"\r\nPING\n')).toEqual([['SET', 'k', 'a b'], ['PING']]);
  });

  test('ask for more until they are whole', () => {
    const stream = encodeCommand(['SET', 'key', 'value']);
    for (let cut = 0; cut < stream.length; cut++) {
      const decoder = new RequestDecoder();
      decoder.feed(stream, 0, cut);
      expect(decoder.next()).toBe(NEED_MORE);
      expect(decoder.bufferedBytes).toBe(cut);
      decoder.feed(stream, cut);
      expect(decoder.next()).toBe(FRAME);
      expect(words(decoder.request)).toEqual(['SET', 'key', 'value']);
      expect(decoder.next()).toBe(NEED_MORE);
      expect(decoder.consumedBytes).toBe(stream.length);
    }
  });
});

test('to ask again before feeding changes nothing', () => {
  const decoder = new RequestDecoder();
  // The blank line ends in the second chunk, which also begins the next request: that has moved to the tail by then.
  for (const chunk of ['\r', '\n*', '1\r\n$4\r\nPI']) {
    decoder.feed(latin1(chunk));
    for (let i = 0; i < 3; i++) expect(decoder.next()).toBe(NEED_MORE);
  }
  decoder.feed(latin1('NG\r\n'));
  expect(decoder.next()).toBe(FRAME);
  expect(words(decoder.request)).toEqual(['PING']);
  expect(decoder.consumedBytes).toBe(16);
});

describe('protocol errors, as Redis words them', () => {
  test.each([
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*-0\r\n', 'invalid multibulk length'],
    ['*1 \r\n', 'invalid multibulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$9223372036854775808\r\n', 'invalid bulk length'],
    ['*1\r\n!4\r\nPING\r\n', "expected '$', got '!'"],
    ['*1\r\n\xff\r\n', "expected '$', got '\xff'"],
    ['*1\r\n\r\n', "expected '$', got ' '"],
    ['*1\r\n\n\r\n', "expected '$', got ' '"],
    ['GET "k\r\n', 'unbalanced quotes in request'],
    ["GET 'k'x\r\n", 'unbalanced quotes in request'],
  ])('%j', (stream, text) => {
    expect(errorOf(stream)).toBe(`ERR Protocol error: ${text}`);
  });

  test('of lines that are too long', () => {
    expect(errorOf('x'.repeat(65537))).toBe('ERR Protocol error: too big inline request');
    expect(errorOf(`*${'1'.repeat(65536)}`)).toBe('ERR Protocol error: too big mbulk count string');
    expect(errorOf(`*1\r\n$${'1'.repeat(65536)}`)).toBe('ERR Protocol error: too big bulk count string');
  });

  test('come only when the line is whole, or too long', () => {
    expect(errorOf('*1\r\n!4')).toBeUndefined();
    expect(errorOf('*1\r\n!4\r')).toBeUndefined();
    expect(errorOf('x'.repeat(65536))).toBeUndefined();
    expect(errorOf(`*${'1'.repeat(65535)}`)).toBeUndefined();
    expect(errorOf(`*1\r\n$${'1'.repeat(65535)}`)).toBeUndefined();
  });

  test('leave the requests before them alone, and nothing gets past them', () => {
    const decoder = new RequestDecoder();
    decoder.feed(latin1('PING\r\n*1\r\n!4\r\nPING\r\n'));
    expect(decoder.next()).toBe(FRAME);
    expect(decoder.next()).toBe(PROTOCOL_ERROR);
    expect(decoder.error).toMatchObject({ code: 'RESP_EXPECTED_BULK', streamOffset: 6 });
    decoder.feed(latin1('PING\r\n'));
    expect(decoder.next()).toBe(PROTOCOL_ERROR);
  });
});

describe('limits', () => {
  test('are lower before authentication, and the general ones are checked first', () => {
    expect(errorOf('*11\r\n', UNAUTHENTICATED_LIMITS)).toBe('ERR Protocol error: unauthenticated multibulk length');
    expect(errorOf('*10\r\n', UNAUTHENTICATED_LIMITS)).toBeUndefined();
    expect(errorOf('*1\r\n$16385\r\n', UNAUTHENTICATED_LIMITS)).toBe('ERR Protocol error: unauthenticated bulk length');
    expect(errorOf('*1\r\n$16384\r\n', UNAUTHENTICATED_LIMITS)).toBeUndefined();
    expect(errorOf('*2147483648\r\n', UNAUTHENTICATED_LIMITS)).toBe('ERR Protocol error: invalid multibulk length');
    expect(errorOf('*1\r\n$536870913\r\n', UNAUTHENTICATED_LIMITS)).toBe('ERR Protocol error: invalid bulk length');
  });

  test('apply to whole arguments too, not only to lengths that wait for their bytes', () => {
    const limits = { ...DEFAULT_LIMITS, maxBulkBytes: 3 };
    expect(errorOf('*1\r\n$3\r\nGET\r\n', limits)).toBeUndefined();
    expect(errorOf('*1\r\n$4\r\nPING\r\n', limits)).toBe('ERR Protocol error: invalid bulk length');
  });

  test('may change between requests', () => {
    const decoder = new RequestDecoder(UNAUTHENTICATED_LIMITS);
    const value = 'x'.repeat(20_000);
    decoder.feed(Buffer.concat([encodeCommand(['AUTH', 'secret']), encodeCommand(['SET', 'k', value])]));
    expect(decoder.next()).toBe(FRAME);
    decoder.limits = DEFAULT_LIMITS;
    expect(decoder.next()).toBe(FRAME);
    expect(decoder.request.latin1(2)).toBe(value);
  });

  test('bound a whole request', () => {
    const limits = { ...DEFAULT_LIMITS, maxRequestBytes: 100 };
    const request = (bytes: number) => `*2\r\n$40\r\n${'a'.repeat(40)}\r\n$${bytes}\r\n${'b'.repeat(bytes)}\r\n`;
    expect(request(42).length).toBe(100);
    for (const [stream, error] of [
      [request(42), undefined],
      [request(43), 'RESP_REQUEST_TOO_LONG'],
    ] as const) {
      for (const step of [1, 7, 1000]) {
        const decoder = new RequestDecoder(limits);
        feedInSteps(decoder, latin1(stream), step);
        expect(decoder.error?.code).toBe(error);
      }
    }
  });

  test('allow a line up to its newline, wherever the chunks end', () => {
    for (const [line, error] of [
      [`${'x'.repeat(65536)}\n`, undefined],
      [`${'x'.repeat(65537)}\n`, 'RESP_INLINE_TOO_LONG'],
    ] as const) {
      for (const step of [1000, 65536, 100_000]) {
        const decoder = new RequestDecoder();
        feedInSteps(decoder, latin1(line), step);
        expect(decoder.error?.code).toBe(error);
      }
    }
  });
});

function feedInSteps(decoder: RequestDecoder, stream: Uint8Array, step: number): Request[] {
  const requests: Request[] = [];
  for (let at = 0; at < stream.length; at += step) {
    decoder.feed(stream, at, Math.min(stream.length, at + step));
    while (decoder.next() === FRAME) requests.push(decoder.request.detach());
  }
  return requests;
}

describe('a delivered request', () => {
  test('lies in the fed chunk, and so do its RESP bytes', () => {
    const chunk = latin1('xx*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\nyy');
    const decoder = new RequestDecoder();
    decoder.feed(chunk, 2, chunk.length - 2);
    expect(decoder.next()).toBe(FRAME);
    expect(decoder.request.buffer).toBe(chunk);
    expect([decoder.request.rawStart, decoder.request.rawEnd]).toEqual([2, 22]);
    expect(decoder.next()).toBe(FRAME);
    expect([decoder.request.rawStart, decoder.request.rawEnd]).toEqual([22, 36]);
  });

  test('has canonical RESP bytes, even if the client sent others', () => {
    for (const [stream, encoded, isInline] of [
      ['set "k" \'v\'\r\n', ['set', 'k', 'v'], true],
      ['*1\rX$4\r\nPING\r\n', ['PING'], false],
      ['*1\r\n$4\rYPING\r\n', ['PING'], false],
      ['*1\r\n$4\r\nPINGZZ', ['PING'], false],
    ] as const) {
      const decoder = new RequestDecoder();
      decoder.feed(latin1(stream));
      expect(decoder.next()).toBe(FRAME);
      const { buffer, rawStart, rawEnd } = decoder.request;
      expect(Buffer.from(buffer.subarray(rawStart, rawEnd))).toEqual(Buffer.from(encodeCommand(encoded)));
      expect(Buffer.from(decoder.request.toResp())).toEqual(Buffer.from(encodeCommand(encoded)));
      expect(words(decoder.request)).toEqual(encoded);
      expect(decoder.request.isInline).toBe(isInline);
      expect(decoder.next()).toBe(NEED_MORE);
    }
  });

  test('is left alone, with its bytes, until the next feed', () => {
    const stream = Buffer.concat(Array.from({ length: 9 }, (_, i) => encodeCommand(['SET', `key:${i}`, `value:${i}`])));
    for (let step = 1; step < 120; step++) {
      const decoder = new RequestDecoder();
      for (let at = 0; at < stream.length; at += step) {
        const chunk = Buffer.from(stream.subarray(at, at + step));
        decoder.feed(chunk);
        const ranges: { bytes: Uint8Array; copy: Uint8Array }[] = [];
        while (decoder.next() === FRAME) {
          const { buffer, rawStart, rawEnd } = decoder.request;
          ranges.push({ bytes: buffer.subarray(rawStart, rawEnd), copy: decoder.request.toResp() });
        }
        // Nothing was written over, even though the tail of the chunk has been copied by now.
        for (const { bytes, copy } of ranges) expect(Buffer.from(bytes)).toEqual(Buffer.from(copy));
        chunk.fill(0);
      }
    }
  });

  test('survives the decoder when it is detached', () => {
    const chunk = Buffer.from(encodeCommand(['SET', 'k', 'v']));
    const decoder = new RequestDecoder();
    decoder.feed(chunk);
    expect(decoder.next()).toBe(FRAME);
    const detached = decoder.request.detach();
    chunk.fill(0);
    decoder.feed(latin1('PING\r\n'));
    expect(decoder.next()).toBe(FRAME);
    expect(words(detached)).toEqual(['SET', 'k', 'v']);
  });
});

describe('memory', () => {
  test('is not allocated for what is only claimed', () => {
    const decoder = new RequestDecoder();
    decoder.feed(latin1('*1000000000\r\n$536870912\r\nabc'));
    expect(decoder.next()).toBe(NEED_MORE);
    expect(decoder.bufferedBytes).toBe(28);
    expect(decoder.request.offsets.length).toBeLessThan(100);
  });

  test('of a long argument is copied a bounded number of times', () => {
    const bytes = 8 << 20;
    const stream = Buffer.from(encodeCommand(['SET', 'k', new Uint8Array(bytes).fill(120)]));
    const original = Uint8Array.prototype.set;
    let copied = 0;
    Uint8Array.prototype.set = function set(this: Uint8Array, source: ArrayLike<number>, offset?: number) {
      copied += source.length;
      original.call(this, source, offset);
    };
    try {
      const decoder = new RequestDecoder();
      expect(feedInSteps(decoder, stream, 4096).map((request) => request.length(2))).toEqual([bytes]);
    } finally {
      Uint8Array.prototype.set = original;
    }
    expect(copied).toBeGreaterThan(bytes);
    expect(copied).toBeLessThan(4 * bytes);
  });

  test('of a long request is let go of when nothing is left to read', () => {
    const decoder = new RequestDecoder();
    const args = ['MSET', ...Array.from({ length: 20_000 }, (_, i) => `argument ${i}`)];
    const stream = encodeCommand(args);
    decoder.feed(stream, 0, 1000);
    expect(decoder.next()).toBe(NEED_MORE);
    decoder.feed(stream, 1000);
    expect(decoder.next()).toBe(FRAME);
    expect(words(decoder.request)).toEqual(args);
    expect(decoder.next()).toBe(NEED_MORE);
    expect(decoder.request.buffer.length).toBeLessThan(20_000);
    expect(decoder.request.offsets.length).toBeLessThan(2000);
  });
});

describe('a client that has to wait', () => {
  test('loses nothing when the chunk is reused after retain', () => {
    const commands = Array.from({ length: 20 }, (_, i) => ['SET', `key:${i}`, 'v'.repeat(i * 9)]);
    const stream = Buffer.concat(commands.map((args) => encodeCommand(args)));
    for (const step of [10, 64, 500, 5000]) {
      const decoder = new RequestDecoder();
      const shared = Buffer.alloc(step);
      const seen: string[][] = [];
      for (let at = 0; at < stream.length; at += step) {
        const length = stream.copy(shared, 0, at, at + step);
        decoder.feed(shared, 0, length);
        // One request per turn: the others wait.
        if (decoder.next() === FRAME) seen.push(words(decoder.request));
        decoder.retain();
        shared.fill(0);
      }
      while (decoder.next() === FRAME) seen.push(words(decoder.request));
      expect(seen).toEqual(commands);
      expect(decoder.bufferedBytes).toBe(0);
    }
  });

  test('may be fed while requests wait', () => {
    const decoder = new RequestDecoder();
    for (let i = 0; i < 10; i++) decoder.feed(latin1(`*2\r\n$4\r\nECHO\r\n$1\r\n${i}\r\n`));
    const seen: string[] = [];
    while (decoder.next() === FRAME) seen.push(decoder.request.latin1(1));
    expect(seen.join('')).toBe('0123456789');
  });
});

describe('a NUL byte', () => {
  test('in a line hides its end, as in Redis', () => {
    expect(requestsIn('PING\0\r\nPING\r\n')).toEqual([]);
    expect(errorOf(`PING\0\r\n${'x'.repeat(65536)}`)).toBe('ERR Protocol error: too big inline request');
    expect(requestsIn('*1\0\r\n$4\r\nPING\r\n')).toEqual([]);
  });
});

test('the place of a request in the stream is known', () => {
  const decoder = new RequestDecoder();
  const stream = latin1('PING\r\n\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI');
  for (let at = 0; at < stream.length; at += 5) {
    decoder.feed(stream, at, Math.min(at + 5, stream.length));
    while (decoder.next() === FRAME);
  }
  expect(decoder.consumedBytes).toBe(22);
  expect(decoder.bufferedBytes).toBe(10);
});
