/**
 * Under `always`, who has seen unsynced data is watched only while somebody reads. When the timer begins to watch between
 * a write and the end of its turn, that write has not been watched: its reply waits like everybody's.
 */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine, settle, withFiles } from '../simulation/machine.ts';

async function started() {
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
  writer.send(['SET', 'warm', 'up']);
  machine.turn();
  machine.advance(1000);
  disk.holdSyncs = true;
  return { disk, machine, writer, reader };
}

test('a write that was not watched is not answered before its sync', async () => {
  const { disk, machine, writer, reader } = await started();
  writer.send(['SET', 'a', '1']);
  reader.send(['GET', 'b']);
  machine.advance(100);
  machine.turn();
  await settle();
  expect(writer.replies).toEqual(['OK']);
  disk.completeSync();
  await settle();
  expect(writer.replies).toEqual(['OK', 'OK']);
});

test('nor is one that ran while the timer had stopped watching for a moment', async () => {
  const { disk, machine, writer, reader } = await started();
  reader.send(['GET', 'b']);
  machine.turn();
  machine.advance(200);
  writer.send(['SET', 'a', '1']);
  reader.send(['GET', 'b']);
  machine.advance(100);
  machine.turn();
  await settle();
  expect(writer.replies).toEqual(['OK']);
  disk.completeSync();
  await settle();
  expect(writer.replies).toEqual(['OK', 'OK']);
});
