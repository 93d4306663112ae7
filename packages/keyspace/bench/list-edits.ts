/**
 * Lists of a million elements of ten bytes: CPU time per operation at the ends, in the middle, read and copied.
 *
 *     node packages/keyspace/bench/list-edits.ts
 */
import { ListValue } from '../src/values/list.ts';
import { flat } from './memory-beside-redis.ts';

const ELEMENTS = 1_000_000;
const LIST_SIZE = -2;

const element = (n: number) => flat(`m${String(n).padStart(9, '0')}`);
const list = ListValue.of(
  Array.from({ length: ELEMENTS }, (_, n) => element(n)),
  LIST_SIZE,
);
/** Made before the clock runs. */
const added = Array.from({ length: 200_000 }, (_, n) => element(n));

function measure(name: string, times: number, operate: (n: number) => void): void {
  for (let n = 0; n < times / 10; n++) operate(n);
  const before = process.cpuUsage();
  for (let n = 0; n < times; n++) operate(n);
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name.padEnd(36)} ${((user + system) / times).toFixed(3)} µs\n`);
}

const text = (n: number) => added[n % added.length] ?? '';
measure('RPUSH', 2_000_000, (n) => list.pushTail(text(n)));
measure('LPOP', 1_000_000, () => list.popHead());
measure('RPUSH, LPOP', 1_000_000, (n) => {
  list.pushTail(text(n));
  list.popHead();
});
measure('LPUSH, RPOP', 1_000_000, (n) => {
  list.pushHead(text(n));
  list.popTail();
});
list.keep(0, ELEMENTS);
measure('LINDEX anywhere', 200_000, (n) => list.at((n * 7919) % list.length));
measure('LSET anywhere, as long', 100_000, (n) => list.replace((n * 7919) % list.length, text(n)));
measure('LSET anywhere, longer or shorter', 100_000, (n) =>
  list.replace((n * 7919) % list.length, n % 3 === 0 ? 'longer than before' : 'short'),
);
const pivot = flat('the middle');
list.replace(list.length >> 1, pivot);
measure('LINSERT in the middle', 500, (n) => list.insert(pivot, n % 2 === 0, text(n)));
measure('LREM of one in the middle', 200, (n) => {
  list.insert(pivot, true, `gone ${n}`);
  list.remove(`gone ${n}`, 1);
});
let read = 0;
measure('LRANGE of 600, as strings', 5000, (n) =>
  list.visit((n * 7919) % 900_000, ((n * 7919) % 900_000) + 600, (item) => {
    read += item.length;
  }),
);
measure('LRANGE of 600, as bytes', 5000, (n) =>
  list.visit(
    (n * 7919) % 900_000,
    ((n * 7919) % 900_000) + 600,
    (item) => {
      read += item.length;
    },
    (_bytes, start, end) => {
      read += end - start;
    },
  ),
);
measure('all elements, as strings', 10, () => {
  for (const item of list) read += item.length;
});
measure('COPY', 200, () => {
  read += list.clone().length;
});
process.stdout.write(`(${read} bytes read)\n`);
