/**
 * Under `always`, who has seen unsynced data is watched only while somebody reads. When the timer begins to watch between
 * a write and the end of its turn, that write has not been watched: its reply waits like everybody's.
 */
import { expect, test } from 'vitest';
import { settle } from '../simulation/machine.ts';
import { machineWithSlowSyncs } from '../simulation/slow-syncs.ts';

async function started() {
  const { disk, machine } = await machineWithSlowSyncs();
  machine.advance(1000);
  return { disk, machine, writer: machine.connect(), reader: machine.connect() };
}

/** The writer's reply comes with the sync that the end of this turn asks for. */
async function expectReplyAfterSync({ disk, machine, writer }: Awaited<ReturnType<typeof started>>): Promise<void> {
  machine.turn();
  await settle();
  expect(writer.replies).toEqual([]);
  disk.completeSync();
  await settle();
  expect(writer.replies).toEqual(['OK']);
}

test('a write that was not watched is not answered before its sync', async () => {
  const life = await started();
  const { machine, writer, reader } = life;
  writer.send(['SET', 'a', '1']);
  reader.send(['GET', 'b']);
  machine.advance(100);
  await expectReplyAfterSync(life);
});

test('nor is one that ran while the timer had stopped watching for a moment', async () => {
  const life = await started();
  const { machine, writer, reader } = life;
  reader.send(['GET', 'b']);
  machine.turn();
  machine.advance(200);
  writer.send(['SET', 'a', '1']);
  reader.send(['GET', 'b']);
  machine.advance(100);
  await expectReplyAfterSync(life);
});
