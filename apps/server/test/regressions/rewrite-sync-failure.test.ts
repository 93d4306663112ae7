/**
 * A rewrite of the multi-part layout syncs the log's file on its own. When that sync fails, what it covered is uncertain: the
 * log's next sync, which succeeds, must not make anybody believe that it is durable.
 */
import { SimDisk } from '@aof/disk';
import { RespError } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { DIR, Machine, settle } from '../simulation/machine.ts';

async function started(appendfsync: 'always' | 'everysec') {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({ disk, config: { appendfsync, 'aof-layout': 'multi-part' } });
  await machine.start();
  const rewrite = async () => {
    await machine.ask('BGREWRITEAOF');
    for (let turns = 0; turns < 50; turns++) {
      machine.turn();
      await settle();
    }
  };
  return { disk, machine, rewrite };
}

test('everysec: writes are refused until a rewrite has succeeded', async () => {
  const { disk, machine, rewrite } = await started('everysec');
  await machine.ask('SET', 'a', '1');
  disk.inject({ operation: 'sync', path: /incr/ });
  await rewrite();
  machine.advance(3000);
  await settle();
  const refused = new RespError('MISCONF Errors writing to the AOF file: Input/output error');
  expect(await machine.ask('SET', 'b', '1')).toEqual(refused);
  await rewrite();
  expect(await machine.ask('SET', 'b', '1')).toBe('OK');
  await machine.restart();
  expect(await machine.ask('MGET', 'a', 'b')).toEqual(['1', '1']);
});

test('always: the process has to end', async () => {
  const { disk, machine, rewrite } = await started('always');
  await machine.ask('SET', 'a', '1');
  disk.inject({ operation: 'sync', path: /incr/ });
  await rewrite();
  expect(machine.fatal).toContain("Can't persist AOF for fsync error when the AOF fsync policy is 'always'");
});
