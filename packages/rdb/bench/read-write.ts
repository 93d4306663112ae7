/**
 * How fast files are written and read, by the kind of what is in them.
 *
 * Run `node bench/read-write.ts`. A line shows the size of the file, and the medians over the rounds: MB of file per second and thousands
 * of elements (keys, members, fields, entries) per second, for writing, for reading, and for reading into a keyspace.
 */

import { crc64 } from '@aof/crc64';
import { defaultThresholds } from '@aof/keyspace';
import { entryToValue, type RdbKeyHead, type RdbValue, readRdbSync, writeRdbSync } from '../src/index.ts';

const ROUNDS = 7;
const CHUNK_BYTES = 256 * 1024;

type Key = RdbKeyHead & RdbValue;

interface DataSet {
  readonly name: string;
  readonly keys: readonly Key[];
  readonly elements: number;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const keysOf = (count: number, value: (i: number) => RdbValue): Key[] =>
  numbers(count).map((i) => ({ database: 0, key: `key:${i}`, expireAtMs: -1, ...value(i) }));
/** Text that does not compress. */
const noise = (i: number, length: number) =>
  Array.from({ length }, (_, k) => String.fromCharCode(33 + ((Math.imul(i * 31 + k, 0x9e3779b1) >>> 24) % 90))).join(
    '',
  );

const dataSets: readonly DataSet[] = [
  {
    name: 'strings of 32 bytes',
    keys: keysOf(200_000, (i) => ({ type: 'string', value: noise(i, 32) })),
    elements: 200_000,
  },
  {
    name: 'strings of integers',
    keys: keysOf(200_000, (i) => ({ type: 'string', value: String(i) })),
    elements: 200_000,
  },
  {
    name: 'strings of 100 KiB',
    keys: keysOf(200, (i) => ({ type: 'string', value: noise(i, 102_400) })),
    elements: 200,
  },
  {
    name: 'strings that compress',
    keys: keysOf(20_000, (i) => ({
      type: 'string',
      value: `{"name":"value ${i % 10}","tags":["a","b","c"]}`.repeat(20),
    })),
    elements: 20_000,
  },
  {
    name: 'hashes of 10 fields',
    keys: keysOf(20_000, (i) => ({ type: 'hash', value: numbers(10).map((k) => [`field${k}`, noise(i + k, 16)]) })),
    elements: 200_000,
  },
  {
    name: 'a hash of 200k fields',
    keys: keysOf(1, () => ({ type: 'hash', value: numbers(200_000).map((k) => [`field:${k}`, noise(k, 16)]) })),
    elements: 200_000,
  },
  {
    name: 'a list of 400k elements',
    keys: keysOf(1, () => ({ type: 'list', value: numbers(400_000).map((k) => noise(k, 12)) })),
    elements: 400_000,
  },
  {
    name: 'a sorted set of 200k',
    keys: keysOf(1, () => ({ type: 'zset', value: numbers(200_000).map((k) => [`member:${k}`, k / 3]) })),
    elements: 200_000,
  },
  {
    name: 'a stream of 100k',
    keys: keysOf(1, () => ({
      type: 'stream',
      value: {
        entries: numbers(100_000).map((k) => ({
          id: `${1e12 + k}-0`,
          fields: ['temperature', String(k % 50), 'sensor', noise(k, 8)],
        })),
        lastId: '1000000099999-0',
        firstId: '1000000000000-0',
        maxDeletedId: '0-0',
        entriesAdded: 100_000,
        groups: [],
      },
    })),
    elements: 100_000,
  },
];

function write({ keys }: DataSet): Buffer {
  const entries = keys.map((key) => ({ kind: 'key' as const, ...key }));
  return Buffer.concat([...writeRdbSync(entries, { target: 'redis-7.2', origin: { createdSec: 1 } })]);
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

function read(bytes: Uint8Array): number {
  let keys = 0;
  for (const entry of readRdbSync(chunks(bytes))) if (entry.kind === 'key') keys++;
  return keys;
}

const thresholds = defaultThresholds();

function load(bytes: Uint8Array): number {
  const values = new Map<string, unknown>();
  for (const entry of readRdbSync(chunks(bytes))) {
    if (entry.kind === 'key') values.set(entry.key, entryToValue(entry, thresholds).value);
  }
  return values.size;
}

function medianSeconds(run: () => unknown): number {
  const times = numbers(ROUNDS).map(() => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

const rate = (amount: number, seconds: number) => String(Math.round(amount / seconds)).padStart(7);

process.stdout.write(`${'MB/s, k elements/s'.padEnd(26)}      MB           write            read   into keyspace\n`);
for (const dataSet of dataSets) {
  const bytes = write(dataSet);
  const columns = [() => write(dataSet), () => read(bytes), () => load(bytes)].map((run) => {
    const seconds = medianSeconds(run);
    return `${rate(bytes.length / 1e6, seconds)} ${rate(dataSet.elements / 1000, seconds)}`;
  });
  process.stdout.write(
    `${dataSet.name.padEnd(26)} ${(bytes.length / 1e6).toFixed(1).padStart(7)} ${columns.join(' ')}\n`,
  );
}
const plain = Buffer.alloc(16e6, 'some bytes to sum');
process.stdout.write(
  `CRC-64: ${rate(
    16,
    medianSeconds(() => crc64(plain)),
  )} MB/s\n`,
);
