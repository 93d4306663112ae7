/**
 * A rewrite with the log switched off leaves a manifest without incr files, so that numbers begin anew. Killed after it has
 * deleted the history but before the manifest says so, the next start must not give a new file a name that it deletes then.
 */
import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { DIR, Machine } from '../simulation/machine.ts';

test('a new file never has a name that is listed as history', async () => {
  const disk = new SimDisk();
  const folder = `${DIR}/appendonlydir`;
  disk.makeDirectory(folder, { recursive: true });
  const put = (name: string, content: string): void => {
    const file = disk.open(`${folder}/${name}`, 'append');
    if (content !== '') file.write(Buffer.from(content));
    file.close();
  };
  put('appendonly.aof.2.base.aof', '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n');
  const lines = [
    'file appendonly.aof.2.base.aof seq 2 type b',
    'file appendonly.aof.1.incr.aof seq 1 type h',
    'file appendonly.aof.1.base.aof seq 1 type h',
  ];
  put('appendonly.aof.manifest', `${lines.join('\n')}\n`);
  disk.settleAll();
  const machine = new Machine({ disk, config: { 'aof-layout': 'multi-part' } });
  await machine.start();
  expect(await machine.ask('SET', 'b', '2')).toBe('OK');
  await machine.restart();
  expect(await machine.ask('MGET', 'a', 'b')).toEqual(['1', '2']);
});
