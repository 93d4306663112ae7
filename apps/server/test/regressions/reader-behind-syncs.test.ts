/**
 * Under `always`, a reader that waits for a slow sync is not seen reading meanwhile. That must not make the server forget that
 * there are readers: each of its reads would wait for a sync then, though nothing that it reads has changed.
 */
import { expect, test } from 'vitest';
import { settle } from '../simulation/machine.ts';
import { machineWithSlowSyncs } from '../simulation/slow-syncs.ts';

test('a reader of what is durable stops waiting, however long syncs take', async () => {
  const { disk, machine } = await machineWithSlowSyncs();
  const [writer, reader] = [machine.connect(), machine.connect()];
  const waits: boolean[] = [];
  for (let round = 0; round < 6; round++) {
    writer.send(['INCR', 'n']);
    machine.turn();
    reader.send(['GET', 'warm']);
    machine.turn();
    await settle();
    waits.push(reader.replies.length === round);
    // The sync takes 300 ms.
    machine.advance(300);
    while (disk.pendingSyncs.length > 0) disk.completeSync();
    await settle();
    machine.turn();
    expect(reader.replies).toHaveLength(round + 1);
  }
  expect(waits.slice(2)).toEqual([false, false, false, false]);
});
