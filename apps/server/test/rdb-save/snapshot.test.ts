/** A background save is the data set at its cut, whatever commands run while it is written; and no slice of it is long. */
import { describe, expect, test } from 'vitest';
import { generator, Rig } from '../rewrite/rig.ts';
import { Writes } from '../rewrite/writes.ts';
import { DUMP, fill, NO_LOG, newDisk } from './steps.ts';

interface Trial {
  readonly isEqual: boolean;
  readonly early: number;
}

async function trial(seed: number, isBroken = false): Promise<Trial> {
  const disk = newDisk();
  const rig = await Rig.start(disk, { ...NO_LOG, rdbcompression: seed % 2 === 0 });
  const writes = new Writes(generator(seed), 60);
  const client = rig.connect();
  const run = (count: number) => {
    for (let i = 0; i < count; i++) client.send(writes.next());
  };
  run(200);
  for (let i = 0; i < 2; i++) client.send(writes.large(150 + writes.below(400)));
  await rig.turn();
  // What has expired at the cut is left out; the digest must not see it either.
  for (const db of rig.engine.keyspace.databases) for (const key of [...db.dictionary.keys()]) db.removeIfDue(key);
  const expected = rig.digest;
  const cutMs = rig.nowMs;
  client.send(['bgsave']);
  if (isBroken) rig.engine.keyspace.hooks.beforeWrite = () => undefined;
  for (let turns = 0; rig.engine.snapshotControl.isRunning; turns++) {
    if (turns > 3000) throw new Error('the save does not end');
    // FLUSHALL would end it.
    for (let i = writes.below(4); i > 0; i--) client.send(withoutFlushAll(writes));
    if (writes.below(10) === 0) rig.nowMs += 1000;
    await rig.turn();
  }
  expect(rig.info('rdb_last_bgsave_status')).toBe('ok');
  const fresh = newDisk();
  fresh.open(DUMP, 'truncate').write(disk.readFile(DUMP));
  const loaded = new Rig(fresh, NO_LOG);
  loaded.nowMs = cutMs;
  const started = loaded.engine.start();
  for (let i = 0; i < 30; i++) await loaded.turn();
  await started;
  return { isEqual: loaded.digest === expected, early: Number(rig.info('rdb_bgsave_keys_copied_early')) };
}

function withoutFlushAll(writes: Writes): string[] {
  for (;;) {
    const args = writes.next();
    if (args[0] !== 'flushall') return args;
  }
}

describe('a background save', () => {
  test('equals the data set at the cut', async () => {
    let early = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const result = await trial(seed);
      expect(result.isEqual, `seed ${seed}`).toBe(true);
      early += result.early;
    }
    expect(early).toBeGreaterThan(15);
  });

  test('does not, if changes are not announced (canary)', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => trial(seed, true)));
    expect(results.map(({ isEqual }) => isEqual)).toContain(false);
  });

  test('keeps to its slices', async () => {
    const rig = await Rig.start(newDisk(), NO_LOG);
    await fill(rig, 1000);
    await rig.ask('BGSAVE');
    let turns = 0;
    for (; rig.engine.snapshotControl.isRunning; turns++) await rig.turn();
    expect(turns).toBeGreaterThan(6);
    // Every look at this rig's clock takes 150 µs: a slice ends with the one that finds its time over.
    expect(Number(rig.info('rdb_bgsave_max_slice_usec'))).toBeLessThan(1000 + 3 * 150);
  });
});
