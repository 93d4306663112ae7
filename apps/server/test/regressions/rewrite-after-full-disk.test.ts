/**
 * A rewrite of the multi-part layout begins while records wait for room on the disk. The write that it forces succeeds; what
 * it wrote must be durable before the manifest lists a file behind it, because only the last file may lack its end.
 */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine, settle } from '../simulation/machine.ts';

const config = { appendfsync: 'everysec', 'aof-layout': 'multi-part' } as const;

test('the old incr file is synced before the new one is listed', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  disk.settleAll();
  const machine = new Machine({ disk, config });
  await machine.start();
  await machine.ask('SET', 'before', '1');
  disk.freeSpaceBytes = 0;
  await machine.ask('SET', 'waits', 'x'.repeat(100));
  disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
  disk.holdSyncs = true;
  const client = machine.connect();
  client.send(['BGREWRITEAOF']);
  const manifest = () => Buffer.from(disk.readFile(`${DIR}/appendonlydir/appendonly.aof.manifest`)).toString();
  for (let turns = 0; turns < 100 && !manifest().includes('appendonly.aof.2.incr.aof'); turns++) {
    // One thing at a time: the crash comes right after the manifest's change.
    if (disk.pendingSyncs.length > 0) disk.completeSync();
    else machine.turn();
    await settle();
  }
  expect(manifest()).toContain('appendonly.aof.2.incr.aof');
  const found = new Machine({ disk: disk.afterCrash(1, 'only-synced'), config });
  await found.start();
  expect(await found.ask('EXISTS', 'before', 'waits')).toBe(2);
});
