/** DEBUG LOADAOF while the disk is full: what is acknowledged but not in the log yet must not be forgotten. */
import { SimDisk } from '@aof/disk';
import { RespError } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { DIR, Machine } from '../simulation/machine.ts';

test('a log that lacks what is buffered is not loaded over the data set', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({ disk, config: { 'enable-debug-command': 'yes' } });
  await machine.start();
  await machine.ask('SET', 'before', '1');
  disk.freeSpaceBytes = 5;
  expect(await machine.ask('SET', 'acknowledged', '1')).toBe('OK');
  const refused = await machine.ask('DEBUG', 'LOADAOF');
  expect(refused).toEqual(new RespError('ERR Error trying to load the AOF files, check server logs.'));
  expect(await machine.ask('GET', 'acknowledged')).toBe('1');
  disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
  machine.advance(1100);
  expect(await machine.ask('DEBUG', 'LOADAOF')).toBe('OK');
  expect(await machine.ask('GET', 'acknowledged')).toBe('1');
});
