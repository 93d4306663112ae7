/** Batches of requests share a reading of the clock; the server's own work between two batches must not start one. */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine } from '../simulation/machine.ts';

test('a request reads the clock anew after the timer has run', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({ disk });
  await machine.start();
  machine.advance(100);
  machine.nowMs += 70;
  expect(await machine.ask('SET', 'a', '1', 'PX', '1000')).toBe('OK');
  expect(await machine.ask('PEXPIRETIME', 'a')).toBe(machine.nowMs + 1000);
  machine.nowMs += 1001;
  expect(await machine.ask('GET', 'a')).toBe(null);
});
