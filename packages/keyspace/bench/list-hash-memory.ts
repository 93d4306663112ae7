/**
 * Lists and hashes: bytes per element here and in redis-server.
 *
 *     node packages/keyspace/bench/list-hash-memory.ts
 */
import { HashValue } from '../src/values/hash.ts';
import { ListValue } from '../src/values/list.ts';
import { compareMemory, flat, type MemoryCase } from './memory-beside-redis.ts';

/** Redis's defaults. */
const THRESHOLDS = { hashMaxListpackEntries: 512, hashMaxListpackValue: 64 };
const LIST_SIZE = -2;

const sized = (text: string, bytes: number) => text.padEnd(bytes, 'x').slice(0, bytes);

function list(keys: number, elements: number, bytes: number): MemoryCase {
  const element = (index: number) => sized(`e${index}`, bytes);
  return {
    keys,
    elements,
    command: 'RPUSH',
    words: (index) => [element(index)],
    make: () =>
      ListValue.of(
        Array.from({ length: elements }, (_, index) => flat(element(index))),
        LIST_SIZE,
      ),
  };
}

function hash(keys: number, elements: number, bytes: number): MemoryCase {
  const words = (index: number): [string, string] => [`field${index}`, sized(`v${index}`, bytes)];
  return {
    keys,
    elements,
    command: 'HSET',
    words,
    make: () => {
      const made = new HashValue();
      for (let index = 0; index < elements; index++) {
        const [field, value] = words(index);
        made.set(flat(field), flat(value), THRESHOLDS);
      }
      return made;
    },
  };
}

await compareMemory(import.meta.filename, {
  'list 3 x 10 B': list(50_000, 3, 10),
  'list 10 x 10 B': list(20_000, 10, 10),
  'list 50 x 10 B': list(10_000, 50, 10),
  'list 100 x 10 B': list(5000, 100, 10),
  'list 200 x 10 B': list(3000, 200, 10),
  'list 500 x 10 B': list(2000, 500, 10),
  'list 2000 x 10 B': list(500, 2000, 10),
  'list 10 x 100 B': list(10_000, 10, 100),
  'list 300 x 100 B': list(1000, 300, 100),
  'list 5 x 1000 B': list(5000, 5, 1000),
  'list 1M x 10 B': list(1, 1_000_000, 10),
  'list 1M x 32 B': list(1, 1_000_000, 32),
  'hash 3 x 10 B': hash(50_000, 3, 10),
  'hash 10 x 10 B': hash(20_000, 10, 10),
  'hash 50 x 10 B': hash(10_000, 50, 10),
  'hash 200 x 10 B': hash(3000, 200, 10),
  'hash 1000 x 10 B': hash(1000, 1000, 10),
  'hash 10 x 100 B': hash(10_000, 10, 100),
  'hash 1M x 10 B': hash(1, 1_000_000, 10),
  'hash 1M x 32 B': hash(1, 1_000_000, 32),
});
