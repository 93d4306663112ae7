/** While the log waits for its last sync before it is closed, commands that still come in must not be acknowledged. */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine, settle } from '../simulation/machine.ts';

test.each(['everysec', 'always', 'no'] as const)('%s: what comes in during the end is not answered', async (policy) => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  disk.settleAll();
  const machine = new Machine({ disk, config: { appendfsync: policy } });
  await machine.start();
  disk.holdSyncs = true;
  const client = machine.connect();
  client.send(['SET', 'before', '1']);
  machine.turn();
  machine.advance(1000);
  client.send(['SET', 'pending', '1']);
  const stopped = machine.engine.stop();
  client.send(['SET', 'late', '1'], ['PING']);
  machine.turn();
  machine.advance(500);
  await settle();
  while (disk.pendingSyncs.length > 0) disk.completeSync();
  await stopped;
  machine.turn();
  expect(client.replies).toEqual(['OK', 'OK']);

  const found = new Machine({ disk: disk.afterCrash(1, 'only-synced') });
  await found.start();
  expect(await found.ask('MGET', 'before', 'pending')).toEqual(['1', '1']);
});
