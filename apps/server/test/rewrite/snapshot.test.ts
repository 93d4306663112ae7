/** The base of a rewrite is the data set at the cut, whatever commands run while it is written. */
import type { BaseFormat } from '@aof/aof-files';
import { BaseOutput, type BaseWriter, RdbBaseWriter, RespBaseWriter } from '@aof/aof-rewriter';
import { SimDisk } from '@aof/disk';
import { Snapshot } from '@aof/keyspace';
import { describe, expect, test } from 'vitest';
import { DIR, generator, Rig } from './rig.ts';
import { uncovered, Writes } from './writes.ts';

function newDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  return disk;
}

/** What a server has that loads the file as its log. */
async function digestOf(disk: SimDisk, path: string, nowMs: number): Promise<string> {
  const fresh = newDisk();
  const file = fresh.open(`${DIR}/appendonly.aof`, 'truncate');
  const bytes = disk.readFile(path);
  if (bytes.length > 0) file.write(bytes);
  const rig = new Rig(fresh, { 'aof-layout': 'single' });
  rig.nowMs = nowMs;
  const started = rig.engine.start();
  started.catch(() => undefined); // awaited below
  for (let i = 0; i < 20; i++) await rig.turn();
  await started;
  return rig.digest;
}

interface Trial {
  readonly isEqual: boolean;
  readonly early: number;
}

async function trial(seed: number, isBroken = false, format: BaseFormat = 'aof'): Promise<Trial> {
  const random = generator(seed);
  const disk = newDisk();
  const rig = new Rig(disk, { appendonly: false });
  const writes = new Writes(random, 60);
  const client = rig.connect();
  const run = (count: number) => {
    for (let i = 0; i < count; i++) client.send(writes.next());
  };
  run(200);
  client.send(writes.large(150 + writes.below(400)));
  client.send(writes.large(150 + writes.below(400)));
  // What has expired at the cut is left out; the digest must not see it either.
  for (const db of rig.engine.keyspace.databases) for (const key of [...db.dictionary.keys()]) db.removeIfDue(key);
  const expected = rig.digest;
  const path = `${DIR}/base`;
  const output = new BaseOutput(disk.open(path, 'truncate'), { syncsInSteps: true, onProgress: () => undefined });
  const { thresholds } = rig.engine.keyspace;
  const writer: BaseWriter =
    format === 'rdb'
      ? new RdbBaseWriter(output, { createdSec: 0, compresses: seed % 2 === 0, sums: true, thresholds })
      : new RespBaseWriter(output, { annotatedSec: undefined });
  writer.begin();
  const snapshot = new Snapshot(rig.engine.keyspace, { nowMs: rig.nowMs, sink: writer });
  const cutMs = rig.nowMs;
  if (isBroken) rig.engine.keyspace.hooks.beforeWrite = () => undefined;
  for (let isDone = false; !isDone; ) {
    run(writes.below(5));
    if (writes.below(10) === 0) rig.nowMs += 1000;
    let left = writes.below(3);
    isDone = snapshot.copy(() => left-- <= 0);
  }
  writer.end();
  return { isEqual: (await digestOf(disk, path, cutMs)) === expected, early: snapshot.earlyCount };
}

describe('a base', () => {
  test('is tested with every command that writes', () => {
    const untested = uncovered().filter(
      (name) => !/^(x|b|geo|pf|eval|fcall|function|restore|debug|migrate)/.test(name),
    );
    expect(untested).toEqual([]);
  });

  test.each(['aof', 'rdb'] as const)('equals the data set at the cut: %s', async (format) => {
    let early = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const result = await trial(seed, false, format);
      expect(result.isEqual, `seed ${seed}`).toBe(true);
      early += result.early;
    }
    // Fewer in the RDB form, which writes a large value to its end before another key.
    expect(early).toBeGreaterThan(100);
  });

  test('does not, if changes are not announced (canary)', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => trial(seed, true)));
    expect(results.map(({ isEqual }) => isEqual)).toContain(false);
  });
});
