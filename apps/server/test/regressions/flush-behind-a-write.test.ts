/**
 * Under `always`, FLUSHALL and SWAPDB change keys without naming them, so that every reader has to wait for them: also when the
 * client that sent them was waiting already, for a write before.
 */
import { expect, test } from 'vitest';
import { settle } from '../simulation/machine.ts';
import { machineWithSlowSyncs } from '../simulation/slow-syncs.ts';

test.each([[['FLUSHALL']], [['SWAPDB', '0', '1']], [['FLUSHDB']]])('%s behind a write', async (command) => {
  const { disk, machine } = await machineWithSlowSyncs();
  const [writer, reader] = [machine.connect(), machine.connect()];
  writer.send(['SET', 'a', '1']);
  machine.turn();
  disk.completeSync();
  await settle();
  reader.send(['GET', 'a']);
  machine.turn();
  writer.send(['SET', 'other', '1'], command);
  reader.send(['GET', 'a']);
  machine.turn();
  await settle();
  expect(reader.replies).toEqual(['1']);
  disk.completeSync();
  await settle();
  expect(reader.replies).toEqual(['1', null]);
});
