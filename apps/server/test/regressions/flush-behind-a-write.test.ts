/**
 * Under `always`, FLUSHALL and SWAPDB change keys without naming them, so that every reader has to wait for them: also when the
 * client that sent them was waiting already, for a write before.
 */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine, settle, withFiles } from '../simulation/machine.ts';

test.each([[['FLUSHALL']], [['SWAPDB', '0', '1']], [['FLUSHDB']]])('%s behind a write', async (command) => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({
    disk,
    config: { appendfsync: 'always' },
    wrap: (inner) =>
      withFiles(inner, (file) => ({
        // So slow that the next syncs run in the background.
        dataSyncNow: () => {
          machine.nowMs += 100;
          file.dataSyncNow();
        },
      })),
  });
  await machine.start();
  const [writer, reader] = [machine.connect(), machine.connect()];
  writer.send(['SET', 'a', '1']);
  machine.turn();
  reader.send(['GET', 'a']);
  machine.turn();
  disk.holdSyncs = true;
  writer.send(['SET', 'other', '1'], command);
  reader.send(['GET', 'a']);
  machine.turn();
  await settle();
  expect(reader.replies).toEqual(['1']);
  disk.completeSync();
  await settle();
  expect(reader.replies).toEqual(['1', null]);
});
