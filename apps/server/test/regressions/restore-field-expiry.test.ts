/** RESTORE of a hash whose fields expire, by a server that could not let them: the fields would have stayed for ever. */
import { SimDisk } from '@aof/disk';
import { dumpValue } from '@aof/rdb';
import { expect, test } from 'vitest';
import { DIR, Machine } from '../simulation/machine.ts';

test('a payload that this server could only restore in part is refused', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const machine = new Machine({ disk });
  await machine.start();
  const restore = (fields: readonly (readonly [string, string, number?])[]) =>
    machine.ask(
      'RESTORE',
      'h',
      '0',
      Buffer.from(dumpValue({ type: 'hash', value: fields }, 'redis-7.4')).toString('latin1'),
    );
  expect(await restore([['f', 'v', 4102444800000]])).toMatchObject({ message: 'ERR Bad data format' });
  expect(machine.lines.filter((line) => line.includes('hash-field-expiry'))).toHaveLength(1);
  expect(await machine.ask('EXISTS', 'h')).toBe(0);
  expect(await restore([['f', 'v']])).toBe('OK');
});
