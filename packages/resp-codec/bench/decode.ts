/**
 * How fast replies are decoded, against redis-parser 3 (of ioredis) and the decoder of @redis/client 6.
 *
 * Run `node bench/decode.ts`. The decoders take turns in short rounds, so that what disturbs the machine disturbs all;
 * a line shows the median over the rounds of the time per reply, and how many times as long the others take.
 * Every decoder decodes strings as UTF-8, which is the default of all three.
 */
import { Decoder } from '@redis/client/dist/lib/RESP/decoder.js';
import Parser from 'redis-parser';
import { FRAME, ReplyDecoder } from '../src/index.ts';

const ROUNDS = 151;
/** Shorter than a time slice of the scheduler, so that most rounds are not interrupted. */
const ROUND_MS = 2;
const WARM_UP_MS = 150;
/** What Node reads from a socket at a time. */
const READ_BYTES = 64 * 1024;

interface Scenario {
  readonly name: string;
  /** The stream as it arrives; it begins and ends between replies. */
  readonly chunks: readonly Buffer[];
  readonly replies: number;
}

/** Decodes the chunks and returns how many replies there were. */
type Contender = (chunks: readonly Buffer[]) => number;

function ours(): Contender {
  const decoder = new ReplyDecoder();
  return (chunks) => {
    let replies = 0;
    for (const chunk of chunks) {
      decoder.feed(chunk);
      while (decoder.next() === FRAME) replies += decoder.reply === undefined ? 0 : 1;
    }
    return replies;
  };
}

function redisParser(): Contender {
  let replies = 0;
  const parser = new Parser({
    returnReply: (reply) => {
      replies += reply === undefined ? 0 : 1;
    },
    returnError: () => {
      replies++;
    },
  });
  return (chunks) => {
    replies = 0;
    for (const chunk of chunks) parser.execute(chunk);
    return replies;
  };
}

function redisClient(): Contender {
  let replies = 0;
  const onReply = (reply: unknown) => {
    replies += reply === undefined ? 0 : 1;
  };
  const mapping = {};
  const decoder = new Decoder({
    onReply,
    onErrorReply: onReply,
    onPush: onReply,
    getTypeMapping: () => mapping,
  });
  return (chunks) => {
    replies = 0;
    for (const chunk of chunks) decoder.write(chunk);
    return replies;
  };
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const array = (elements: readonly string[]) => `*${elements.length}\r\n${elements.join('')}`;
const values = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, i) => bulk(`value:${i}:`.padEnd(bytes, 'abcdefghijklmnopqrstuvwxyz')));

/** `reply` again and again, each in a chunk of its own. */
function single(name: string, reply: string): Scenario {
  return { name, chunks: Array.from({ length: 512 }, () => Buffer.from(reply)), replies: 512 };
}

/** As many of `reply` as fill some reads, cut where a read ends. */
function pipelined(name: string, reply: string, readBytes = READ_BYTES): Scenario {
  const replies = Math.ceil((2 * readBytes) / Buffer.byteLength(reply));
  const stream = Buffer.from(reply.repeat(replies));
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += readBytes) chunks.push(Buffer.from(stream.subarray(at, at + readBytes)));
  return { name, chunks, replies };
}

const get = bulk('value:1234567890:abcdefghijklmno');
const fields = Array.from({ length: 20 }, (_, i) => bulk(`field:${i}`) + bulk(`some value ${i}`)).join('');
const SCENARIOS: readonly Scenario[] = [
  single('GET 32 B, one per read', get),
  pipelined('GET 32 B, 16 per read', get, 16 * get.length),
  pipelined('GET 32 B, pipelined', get),
  pipelined('GET 32 B in Greek, pipelined', bulk('τιμή:1234567890:αβγδεζηθ')),
  pipelined('GET 1 KiB, pipelined', bulk('x'.repeat(1024))),
  single('INCR, one per read', ':1234\r\n'),
  pipelined('INCR, pipelined', ':1234\r\n'),
  pipelined('SET (+OK), pipelined', '+OK\r\n'),
  single('array of 10 x 32 B, one per read', array(values(10, 32))),
  pipelined('array of 10 x 32 B, pipelined', array(values(10, 32))),
  single('array of 100 x 32 B, one per read', array(values(100, 32))),
  pipelined('array of 100 x 32 B, pipelined', array(values(100, 32))),
  pipelined('array of 100 integers, pipelined', array(Array.from({ length: 100 }, (_, i) => `:${i * 977}\r\n`))),
  pipelined('HGETALL of 20 fields, pipelined', `*40\r\n${fields}`),
  pipelined('array of 1000 x 32 B in 1448 B segments', array(values(1000, 32)), 1448),
];

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** Decodes for about `roundMs`; ns per reply. */
function round(contender: Contender, scenario: Scenario, roundMs = ROUND_MS): number {
  let replies = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < roundMs) {
    const seen = contender(scenario.chunks);
    if (seen !== scenario.replies) throw new Error(`${scenario.name}: ${seen} replies, not ${scenario.replies}`);
    replies += seen;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1e6) / replies;
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const columns = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(42) : cell.padStart(16))).join('');

print(`Node ${process.version}, median of ${ROUNDS} rounds of ${ROUND_MS} ms each, in turns`);
print(columns(['', 'ns per reply', 'redis-parser 3', '@redis/client 6']));
const only = process.argv[2] ?? '';
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(only))) {
  const contenders = [ours(), redisParser(), redisClient()];
  const times: number[][] = contenders.map(() => []);
  for (const contender of contenders) round(contender, scenario, WARM_UP_MS);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [j, contender] of contenders.entries()) times[j].push(round(contender, scenario));
  }
  const [own, parser, client] = times.map(median);
  print(columns([scenario.name, own.toFixed(0), `${(parser / own).toFixed(1)}x`, `${(client / own).toFixed(1)}x`]));
}
