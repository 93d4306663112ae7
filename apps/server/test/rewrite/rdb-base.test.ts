/** `aof-use-rdb-preamble`: the form of bases, their names, and that they load here again. */
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { DIR, Rig } from './rig.ts';

const FOLDER = `${DIR}/appendonlydir`;
const WITH_RDB = { 'aof-use-rdb-preamble': true, 'aof-layout': 'multi-part' } as const;

function newDisk(): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  return disk;
}

function headOf(disk: SimDisk, path: string): string {
  return Buffer.from(disk.readFile(path)).toString('latin1', 0, 9);
}

async function fill(rig: Rig): Promise<void> {
  for (let i = 0; i < 500; i++) await rig.ask('RPUSH', `list:${i % 50}`, `element ${i}`);
  await rig.ask('SET', 'expires', 'x', 'PXAT', '4102444800000');
}

describe('aof-use-rdb-preamble', () => {
  test('a fresh log begins with an RDB file without keys, which loads', async () => {
    const disk = newDisk();
    await Rig.start(disk, WITH_RDB);
    expect(headOf(disk, `${FOLDER}/appendonly.aof.1.base.rdb`)).toBe('REDIS0010');
    const again = await Rig.start(disk, WITH_RDB);
    expect(again.engine.keyspace.size).toBe(0);
    expect(again.lines).toContain('notice: Reading RDB base file on AOF loading...');
  });

  test('a rewrite keeps the form that it began with; the next one follows the option', async () => {
    const disk = newDisk();
    const rig = await Rig.start(disk, WITH_RDB);
    await fill(rig);
    await rig.ask('BGREWRITEAOF');
    await rig.ask('CONFIG', 'SET', 'aof-use-rdb-preamble', 'no');
    await rig.ask('SET', 'behind', 'the base');
    await rig.rewritten();
    await rig.turn();
    const bases = () => [...disk.contents().keys()].filter((path) => path.includes('.base.'));
    expect(bases()).toEqual([`${FOLDER}/appendonly.aof.2.base.rdb`]);
    expect(headOf(disk, `${FOLDER}/appendonly.aof.2.base.rdb`)).toBe('REDIS0010');
    expect((await Rig.start(disk)).digest).toBe(rig.digest);
    await rig.ask('BGREWRITEAOF');
    await rig.rewritten();
    await rig.turn();
    expect(bases()).toEqual([`${FOLDER}/appendonly.aof.3.base.aof`]);
    expect((await Rig.start(disk)).digest).toBe(rig.digest);
  });

  test('a single file begins with an RDB part, and records follow it', async () => {
    const disk = newDisk();
    const config = { ...WITH_RDB, 'aof-layout': 'single', 'aof-timestamp-enabled': true } as const;
    const rig = await Rig.start(disk, config);
    await fill(rig);
    await rig.ask('BGREWRITEAOF');
    await rig.ask('SET', 'behind', 'the base');
    await rig.rewritten();
    await rig.ask('SET', 'later', 'still');
    expect(headOf(disk, `${DIR}/appendonly.aof`)).toBe('REDIS0010');
    const again = await Rig.start(disk, config);
    expect(again.digest).toBe(rig.digest);
    expect(again.lines).toContain('notice: Reading RDB preamble from AOF file...');
    expect(again.lines).toContain('notice: Reading the remaining AOF tail...');
  });
});
