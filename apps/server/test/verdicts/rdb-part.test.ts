/** What the entries of an RDB part become in the keyspace, and which of them refuse the start. */
import { SimDisk } from '@aof/disk';
import { type WritableEntry, writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { DIR, Machine, type MachineOptions } from '../simulation/machine.ts';

const PATH = `${DIR}/appendonly.aof`;
type KeyEntry = Extract<WritableEntry, { readonly kind: 'key' }>;

function key(
  name: string,
  more: Partial<Pick<KeyEntry, 'database' | 'expireAtMs' | 'idleSec' | 'frequency'>> = {},
): WritableEntry {
  return { kind: 'key', database: 0, key: name, expireAtMs: -1, type: 'string', value: 'v', ...more };
}

async function start(
  entries: readonly WritableEntry[],
  tail = '',
  options: Pick<MachineOptions, 'config'> = {},
): Promise<Machine> {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const file = disk.open(PATH, 'truncate');
  file.write(Buffer.concat([...writeRdbSync(entries, { target: 'redis-7.4', origin: { createdSec: 0 } })]));
  if (tail !== '') file.write(Buffer.from(tail));
  file.close();
  disk.settleAll();
  const machine = new Machine({ ...options, disk });
  await machine.start();
  return machine;
}

describe('an RDB part', () => {
  test('keeps keys whose time has passed until records have had their say', async () => {
    const record = (...args: readonly string[]): string =>
      `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
    const tail = record('APPEND', 'past', 'x') + record('PERSIST', 'past');
    const machine = await start([key('past', { expireAtMs: 1000 }), key('gone', { expireAtMs: 1000 })], tail);
    expect(await machine.ask('GET', 'past')).toBe('vx');
    expect(await machine.ask('EXISTS', 'gone')).toBe(0);
  });

  test('has databases, idle times and large collections', async () => {
    const items = Array.from({ length: 5000 }, (_, i) => `item ${i}`);
    const machine = await start([
      key('idle', { idleSec: 500 }),
      { kind: 'key', database: 3, key: 'set', expireAtMs: 4102444800000, type: 'set', value: items },
      { kind: 'key', database: 3, key: 'list', expireAtMs: -1, type: 'list', value: items },
    ]);
    const [first, , , last] = machine.engine.keyspace.databases;
    expect(first?.idleSeconds('idle')).toBe(500);
    expect(last?.peek('set')).toMatchObject({ type: 'set', size: 5000 });
    expect(last?.expireAt('set')).toBe(4102444800000);
    const list = last?.peek('list');
    if (typeof list === 'string' || list?.type !== 'list') throw new Error('a list was expected');
    expect([...list]).toEqual(items);
  });

  test('has what stands before short strings: expiries, and frequencies where they are counted', async () => {
    const machine = await start(
      [
        key('used', { expireAtMs: 4102444800000, frequency: 77 }),
        key('plain'),
        key('idle', { idleSec: 500 }),
        key('expires', { expireAtMs: 4102444800001 }),
      ],
      '',
      { config: { 'maxmemory-policy': 'allkeys-lfu' } },
    );
    const [db] = machine.engine.keyspace.databases;
    const held = ['used', 'plain', 'idle', 'expires'].map((name) => [db?.expireAt(name), db?.frequencyOf(name)]);
    const fresh = db?.frequencyOf('plain');
    expect(fresh).not.toBe(77);
    expect(held).toEqual([
      [4102444800000, 77],
      [-1, fresh],
      [-1, fresh],
      [4102444800001, fresh],
    ]);
    expect(db?.expiringCount).toBe(2);
  });

  test('tells what is not kept', async () => {
    const machine = await start([
      { kind: 'key', database: 0, key: 'h', expireAtMs: -1, type: 'hash', value: [['f', 'v', 4102444800000]] },
    ]);
    const told = machine.lines.filter((line) => line.includes('does not keep'));
    expect(told).toEqual(['warning: The RDB file holds what this server does not keep: field expiries (1)']);
  });

  test('is refused with a database beyond those there are, or a key that comes twice', async () => {
    await expect(start([key('a'), key('b', { database: 4 })])).rejects.toMatchObject({
      code: 'AOF_RDB_PART',
      message: expect.stringContaining('Database 4 is beyond the 4 databases'),
    });
    await expect(start([key('a'), key('a')])).rejects.toMatchObject({
      code: 'AOF_RDB_PART',
      message: expect.stringContaining("The key 'a' comes twice in database 0"),
    });
    await expect(start([key('a', { expireAtMs: 4102444800000 }), key('a', { idleSec: 1 })])).rejects.toMatchObject({
      message: expect.stringContaining("The key 'a' comes twice in database 0"),
    });
  });
});
