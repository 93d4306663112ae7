/** The same bytes to a real redis-server and to our decoder: the same requests, the same errors, the same numbers. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  encodeCommand,
  FRAME,
  formatDouble17,
  ReplyDecoder,
  type ReplyValue,
  Request,
  RequestDecoder,
  type RequestLimits,
  RespError,
  UNAUTHENTICATED_LIMITS,
} from '../src/index.ts';
import { Oracle, oracleVersion } from './oracle.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Streams whose every rule has an edge in the protocol. The server is asked only for PING and ECHO. */
const STREAMS: readonly string[] = [
  '*2\r\n$4\r\nECHO\r\n$3\r\na\0b\r\n',
  '*0\r\n*-1\r\n*-5\r\nPING\r\n',
  '\r\n \t\r\nPING\r\n\n\nPING\n',
  '*1\rX$4\rYPINGZZPING\r\n',
  '*2147483647\r\n',
  '*2147483648\r\n',
  '*\r\n',
  '*01\r\n',
  '*+1\r\n',
  '*-0\r\n',
  '* 1\r\n',
  '*1\r\n\r\n',
  '*1\r\n\n\r\n',
  '*1\r\n!4\r\nPING\r\n',
  '*1\r\n\xff4\r\nPING\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$04\r\nPING\r\n',
  '*1\r\n$536870912\r\n',
  '*1\r\n$536870913\r\n',
  '*1\r\n$99999999999999999999\r\n',
  '*1\r\n$\r\n',
  'PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n%\r\nPING\r\n',
  'ECHO a"b c"\r\n',
  'ECHO "\\x41\\n\\q\\x4\\xg1"\r\n',
  "ECHO 'a\\'b\\n'\r\n",
  'ECHO ""\r\n',
  "ECHO ''\r\n",
  'ECHO a\vb\r\n',
  '\vPING\r\n',
  'ECHO a\rb\r\n',
  'PING\rX\r\n',
  'PING "a"b\r\n',
  "ECHO 'a'b\r\n",
  'ECHO "a\\"\r\n',
  'ECHO "a\r\n',
  'PING\0\r\nPING\r\n',
  'ECHO "\0"\r\n',
  '*1\0\r\nPING\r\n',
  '*1\r\n$4\0\r\nPING\r\n',
  'x'.repeat(65536),
  'x'.repeat(65537),
  `${' '.repeat(65532)}PING\n`,
  `*${'0'.repeat(65535)}`,
  `*${'0'.repeat(65536)}`,
  `*1\r\n$${'0'.repeat(65535)}`,
  `*1\r\n$${'0'.repeat(65536)}`,
];
const UNAUTHENTICATED: readonly string[] = [
  '*10\r\n',
  '*11\r\n',
  '*2147483648\r\n',
  '*1\r\n$16384\r\n',
  '*1\r\n$16385\r\n',
  '*1\r\n$536870913\r\n',
];

/** What a server would answer that knows PING and ECHO, with our decoder in front of it. */
function answer(stream: Uint8Array, limits: RequestLimits = DEFAULT_LIMITS): string[] {
  const decoder = new RequestDecoder(limits);
  decoder.feed(stream);
  const answers: string[] = [];
  while (decoder.next() === FRAME) {
    const { request } = decoder;
    const { count } = request;
    if (request.is(0, 'echo') && count === 2) answers.push(request.latin1(1));
    else if (request.is(0, 'ping') && count === 2) answers.push(request.latin1(1));
    else answers.push(request.is(0, 'ping') && count === 1 ? 'PONG' : 'not understood');
  }
  if (decoder.error !== undefined) answers.push(decoder.error.reply);
  return answers;
}

function repliesIn(bytes: Uint8Array): ReplyValue[] {
  const decoder = new ReplyDecoder({ bulk: 'latin1' });
  decoder.feed(bytes);
  const replies: ReplyValue[] = [];
  while (decoder.next() === FRAME) replies.push(decoder.reply);
  expect(decoder.error).toBeUndefined();
  return replies;
}

/** A protocol error by its text; what is wrong with a command is all the same. */
function summary(reply: ReplyValue): string {
  if (!(reply instanceof RespError)) return String(reply);
  return reply.message.startsWith('ERR Protocol error') ? reply.message : 'not understood';
}

const version = oracleVersion();
const COUNT = STREAMS.length + UNAUTHENTICATED.length + 3;
if (version === undefined)
  process.stderr.write(`SKIPPED ${COUNT} differential cases of the codec: no redis-server on PATH\n`);

describe.skipIf(version === undefined)(`as redis-server ${version}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await Oracle.start();
  });
  afterAll(() => oracle?.stop());

  const ask = async (commands: readonly (readonly string[])[]) =>
    repliesIn(await oracle.exchange(Buffer.concat(commands.map((args) => encodeCommand(args)))));

  test.each(STREAMS.map((stream) => [JSON.stringify(stream).slice(0, 60), stream]))('%s', async (_label, stream) => {
    const replies = repliesIn(await oracle.exchange(latin1(stream)));
    expect(answer(latin1(stream))).toEqual(replies.map(summary));
  });

  test('streams made of pieces', async () => {
    const piece = fc.oneof(
      fc.constantFrom(...STREAMS.filter((stream) => stream.length < 100)),
      fc
        .array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 2 })
        .map((words) => `ECHO ${words.join(' ')}\r\n`),
      fc.string({ unit: fc.constantFrom(...'ab"\'\\ xn0\t'), maxLength: 12 }).map((text) => `ECHO ${text}\r\n`),
      fc.string({ unit: fc.constantFrom(...'*$-01\r\n'), maxLength: 8 }),
    );
    let errors = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        const stream = latin1(pieces.join(''));
        const answers = answer(stream);
        errors += answers.at(-1)?.startsWith('ERR Protocol error') ? 1 : 0;
        expect(answers).toEqual(repliesIn(await oracle.exchange(stream)).map(summary));
      }),
      { numRuns: 300 },
    );
    expect(errors).toBeGreaterThan(50);
  });

  test('integers', async () => {
    const digits = fc.stringMatching(/^[+-]?0?[0-9]{1,21}$/);
    const near = fc.bigInt({ min: -(2n ** 63n) - 5n, max: 2n ** 63n + 5n }).map(String);
    const odd = fc.constantFrom('', '-', '-0', '+1', ' 1', '1 ', '1.0', '0x1', '1e3', '9223372036854775807');
    const texts = fc.sample(fc.oneof(digits, near, odd), 600);
    const replies = await ask(
      texts.flatMap((text) => [
        ['SET', 'k', '0'],
        ['INCRBY', 'k', text],
        ['GET', 'k'],
      ]),
    );
    texts.forEach((text, i) => {
      const ours = Request.of([text]).integer(0);
      expect([text, ours === undefined]).toEqual([text, replies[3 * i + 1] instanceof RespError]);
      if (ours !== undefined) expect(String(ours)).toBe(replies[3 * i + 2]);
    });
  });

  test('floating-point numbers, and how they are printed', async () => {
    const decimal = fc.stringMatching(/^[+-]?[0-9]{0,20}\.?[0-9]{0,20}([eE][+-]?[0-9]{0,3})?$/);
    const hexadecimal = fc.stringMatching(/^[+-]?0[xX][0-9a-fA-F]{0,16}\.?[0-9a-fA-F]{0,16}([pP][+-]?[0-9]{0,4})?$/);
    const printed = fc.double().map(String);
    const odd = fc.constantFrom(
      'inf',
      '+Inf',
      '-INFINITY',
      'infinit',
      'nan',
      'NaN',
      ' 1',
      '1 ',
      '1_0',
      '0x',
      '1e',
      '.',
    );
    const texts = fc.sample(fc.oneof(decimal, hexadecimal, printed, odd), 1500).filter((text) => text !== '');
    const replies = await ask(
      texts.flatMap((text) => [
        ['DEL', 'z'],
        ['ZADD', 'z', text, 'm'],
        ['ZSCORE', 'z', 'm'],
      ]),
    );
    let taken = 0;
    texts.forEach((text, i) => {
      const ours = Request.of([text]).float(0);
      expect([text, ours === undefined]).toEqual([text, replies[3 * i + 1] instanceof RespError]);
      // A small sorted set keeps whole numbers as integers, so that -0 becomes 0.
      if (ours !== undefined) expect([text, formatDouble17(ours + 0)]).toEqual([text, replies[3 * i + 2]]);
      taken += ours === undefined ? 0 : 1;
    });
    expect(taken).toBeGreaterThan(300);
  });

  describe('before authentication', () => {
    beforeAll(() => ask([['CONFIG', 'SET', 'requirepass', 'secret']]));

    test.each(UNAUTHENTICATED)('%j', async (stream) => {
      const replies = repliesIn(await oracle.exchange(latin1(stream)));
      expect(answer(latin1(stream), UNAUTHENTICATED_LIMITS)).toEqual(replies.map(summary));
    });
  });
});
