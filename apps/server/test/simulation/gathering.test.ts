/** Writers whose replies have just left share the next sync in the background: it waits for them, but not for long. */
import { beforeEach, expect, test } from 'vitest';
import { type SimClient, settle } from './machine.ts';
import { machineWithSlowSyncs } from './slow-syncs.ts';

type Slow = Awaited<ReturnType<typeof machineWithSlowSyncs>>;

let disk: Slow['disk'];
let machine: Slow['machine'];
let writers: SimClient[];

beforeEach(async () => {
  ({ disk, machine } = await machineWithSlowSyncs());
  writers = [machine.connect(), machine.connect()];
  for (const writer of writers) writer.send(['INCR', 'n']);
  machine.turn();
  disk.completeSync();
  await settle();
  expect(writers.map(({ replies }) => replies)).toEqual([[1], [2]]);
  expect(disk.pendingSyncs).toHaveLength(0);
});

test('the sync begins when as many wait as were let go', async () => {
  writers[0].send(['INCR', 'n']);
  for (let turns = 0; turns < 5; turns++) machine.turn();
  expect(disk.pendingSyncs).toHaveLength(0);
  writers[1].send(['INCR', 'n']);
  machine.turn();
  expect(disk.pendingSyncs).toHaveLength(1);
  disk.completeSync();
  await settle();
  expect(writers.map(({ replies }) => replies)).toEqual([
    [1, 3],
    [2, 4],
  ]);
});

test('a writer that comes back alone is not kept waiting, though the clock stands still', async () => {
  writers[0].send(['INCR', 'n']);
  while (machine.hasScheduledWork) machine.turn();
  expect(disk.pendingSyncs).toHaveLength(1);
  disk.completeSync();
  await settle();
  expect(writers[0].replies).toEqual([1, 3]);
});

test('nor when time passes', () => {
  writers[0].send(['INCR', 'n']);
  machine.turn();
  machine.nowMs += 3;
  machine.turn();
  expect(disk.pendingSyncs).toHaveLength(1);
});

test('one who waits while a sync runs is not forgotten when nobody comes back', async () => {
  writers[0].send(['INCR', 'n']);
  while (machine.hasScheduledWork) machine.turn();
  writers[1].send(['INCR', 'n']);
  machine.turn();
  disk.completeSync();
  await settle();
  while (machine.hasScheduledWork) machine.turn();
  expect(disk.pendingSyncs).toHaveLength(1);
  disk.completeSync();
  await settle();
  expect(writers[1].replies).toEqual([2, 4]);
});
