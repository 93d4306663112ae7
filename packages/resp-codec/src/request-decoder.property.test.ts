/** Any chunking decodes alike; decoding what was encoded is the identity; no input does more than a typed error. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAME, NEED_MORE, PROTOCOL_ERROR } from './decode-status.ts';
import { encodeCommand } from './encode-command.ts';
import { RequestDecoder } from './request-decoder.ts';
import { RequestError } from './request-error.ts';
import { DEFAULT_LIMITS, type RequestLimits } from './request-limits.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

interface Outcome {
  readonly requests: readonly string[][];
  readonly isInline: readonly boolean[];
  readonly error: string | undefined;
  readonly errorAt: number | undefined;
  readonly consumedBytes: number;
}

/** Decodes `stream`, cut at `cuts`, through one buffer that is overwritten between the chunks, as a shared read buffer is. */
function decode(stream: Uint8Array, cuts: readonly number[], limits: RequestLimits = DEFAULT_LIMITS): Outcome {
  const decoder = new RequestDecoder(limits);
  const requests: string[][] = [];
  const isInline: boolean[] = [];
  const shared = new Uint8Array(stream.length + 3);
  const ends = [...new Set([...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    shared.fill(0x2a);
    shared.set(stream.subarray(start, end), 3);
    decoder.feed(shared, 3, 3 + end - start);
    start = end;
    while (decoder.next() === FRAME) {
      const { request } = decoder;
      requests.push(Array.from({ length: request.count }, (_, i) => request.latin1(i)));
      isInline.push(request.isInline);
      // The RESP bytes are those of the arguments.
      const args = Array.from({ length: request.count }, (_, i) => request.bytes(i));
      expect(Buffer.compare(request.toResp(), encodeCommand(args))).toBe(0);
    }
    // To ask again changes nothing.
    expect(decoder.next()).toBe(decoder.error === undefined ? NEED_MORE : PROTOCOL_ERROR);
  }
  const { error, consumedBytes } = decoder;
  if (error === undefined) expect(decoder.bufferedBytes).toBe(stream.length - consumedBytes);
  if (error !== undefined) expect(error).toBeInstanceOf(RequestError);
  return { requests, isInline, error: error?.reply, errorAt: error?.streamOffset, consumedBytes };
}

const byteString = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.nat(3000).map((length) => new Uint8Array(length).fill(0x24)) },
  { weight: 1, arbitrary: fc.constant(latin1('*1\r\n$4\r\nPING\r\n')) },
);
const command = fc.array(byteString, { minLength: 1, maxLength: 12 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });
const everyByte = (stream: Uint8Array) => Array.from(stream, (_, i) => i);

/** What is legal between commands, and pieces that are not; near the edges of each rule. */
const oddPiece = fc.constantFrom(
  '*0\r\n',
  '*-1\r\n',
  '\r\n',
  ' \t\r\n',
  '\n',
  'PING\r\n',
  'SET k "a\\x00 b"\n',
  "ECHO 'it\\'s'\r\n",
  '*1\rX$4\rYPINGZZ',
  '*1\r\n$4\r\nPING..',
  '*2\r\n$3\r\nGET\r\n',
  '*1\r\n',
  '$3\r\n',
  '*',
  '$',
  '\r',
  '\0',
  '*01\r\n',
  '*1\r\n!4\r\n',
  '*1\r\n$-1\r\n',
  '*1048577\r\n',
  '*1\r\n$600000000\r\n',
  'GET "k\r\n',
  '"a"b\r\n',
  '0'.repeat(40),
);
const stream = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: command.map((args) => latin1(Buffer.from(encodeCommand(args)).toString('latin1'))) },
      { weight: 2, arbitrary: oddPiece.map(latin1) },
    ),
    { maxLength: 10 },
  )
  .map((pieces) => Buffer.concat(pieces));
const smallLimits: RequestLimits = {
  ...DEFAULT_LIMITS,
  maxLineBytes: 30,
  maxArguments: 10,
  maxBulkBytes: 2500,
  maxRequestBytes: 4000,
  maxUnauthenticatedArguments: 8,
  maxUnauthenticatedBulkBytes: 2000,
};
const limits = fc.constantFrom(DEFAULT_LIMITS, smallLimits);

describe('a stream of requests', () => {
  test('gives back the commands that were encoded', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), cuts, (commands, at) => {
        const bytes = Buffer.concat(commands.map((args) => encodeCommand(args)));
        const { requests, error } = decode(bytes, at);
        expect(error).toBeUndefined();
        expect(requests).toEqual(commands.map((args) => args.map((arg) => Buffer.from(arg).toString('latin1'))));
      }),
    );
  });

  test('decodes alike however it is cut', () => {
    let errors = 0;
    let requests = 0;
    fc.assert(
      fc.property(stream, cuts, limits, (bytes, at, limit) => {
        const whole = decode(bytes, [], limit);
        expect(decode(bytes, at, limit)).toEqual(whole);
        if (bytes.length < 1000) expect(decode(bytes, everyByte(bytes), limit)).toEqual(whole);
        errors += whole.error === undefined ? 0 : 1;
        requests += whole.requests.length;
      }),
      { numRuns: 400 },
    );
    // The generator reaches both ends.
    expect(errors).toBeGreaterThan(20);
    expect(requests).toBeGreaterThan(200);
  });

  test('loses nothing when requests wait and the chunk is reused', () => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(3)), { minLength: 1 }),
        (bytes, turns) => {
          const whole = decode(bytes, []);
          const decoder = new RequestDecoder();
          const seen: string[][] = [];
          const takeOne = () => {
            const isThere = decoder.next() === FRAME;
            const { request } = decoder;
            if (isThere) seen.push(Array.from({ length: request.count }, (_, i) => request.latin1(i)));
            return isThere;
          };
          const shared = new Uint8Array(60);
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const [size, patience] = turns[turn % turns.length];
            shared.set(bytes.subarray(at, at + size));
            decoder.feed(shared, 0, Math.min(size, bytes.length - at));
            at += size;
            for (let i = 0; i < patience; i++) takeOne();
            decoder.retain();
            shared.fill(0x2a);
          }
          while (takeOne());
          expect(seen).toEqual(whole.requests);
          expect(decoder.error?.reply).toBe(whole.error);
          expect(decoder.consumedBytes).toBe(whole.consumedBytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('that was damaged gives requests or a typed error, alike however it is cut', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 10, 13, 36, 42, 45, 48, 57), fc.nat(255))), {
      minLength: 1,
      maxLength: 4,
    });
    let damaged = 0;
    fc.assert(
      fc.property(stream, damage, cuts, limits, (bytes, changes, at, limit) => {
        const bad = Buffer.from(bytes);
        for (const [index, byte] of changes) if (bad.length > 0) bad[index % bad.length] = byte;
        const whole = decode(bad, [], limit);
        expect(decode(bad, at, limit)).toEqual(whole);
        damaged += whole.error === undefined ? 0 : 1;
      }),
      { numRuns: 600 },
    );
    expect(damaged).toBeGreaterThan(50);
  });

  test('of any bytes gives requests or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, limits, (bytes, at, limit) => {
        expect(decode(bytes, at, limit)).toEqual(decode(bytes, [], limit));
      }),
    );
  });
});
