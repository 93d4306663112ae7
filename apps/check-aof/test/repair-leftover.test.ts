/** A log without its manifest, beside incr files that a rewrite left: these are in the base, and must not be applied once more. */
import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { MANIFEST, put } from './corpus.ts';
import { record, run, SELECT, set } from './restore-rig.ts';

const incr = (n: number): string => `appendonly.aof.${n}.incr.aof`;
const base = (n: number): string => `appendonly.aof.${n}.base.aof`;
const counted = (times: number): string => SELECT + record('INCR', 'visits').repeat(times);

/** @param files name, content, and when it was changed last (ms) */
function diskOf(files: readonly (readonly [name: string, content: string, changedAtMs: number])[]): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  for (const [name, content, changedAtMs] of files) {
    disk.nowMs = changedAtMs;
    put(disk, [[name, Buffer.from(content)]], '/d/');
  }
  return disk;
}

/** What the rebuilt manifest lists, and what is said of it. */
async function repaired(disk: SimDisk) {
  const { status, stdout } = await run(disk, ['repair', '--yes', '/d']);
  expect(status).toBe(0);
  const manifest = Buffer.from(disk.readFile(`/d/${MANIFEST}`)).toString('latin1');
  const names = [...manifest.matchAll(/^file (\S+) /gm)].map(([, name]) => name);
  return { names, said: stdout };
}

/** Three INCR were before the rewrite, and one behind it. */
const BASE_AT_3 = SELECT + set('visits', '3');

describe('incr files that are left from before the base', () => {
  test('are told by their numbers, and not applied twice', async () => {
    const disk = diskOf([
      [incr(1), counted(3), 10],
      [base(2), BASE_AT_3, 20],
      [incr(2), counted(1), 30],
    ]);
    const { names, said } = await repaired(disk);
    expect(names).toEqual([base(2), incr(2)]);
    expect(said).toContain(`${base(2)} already contains ${incr(1)}, by the numbers: left out, and left alone`);
    expect(said).toContain('Price: nothing is left out.');
    expect(Buffer.from(disk.readFile(`/d/${incr(1)}`)).toString()).toBe(counted(3));
  });

  test('are told so even if they are all that is there', async () => {
    const disk = diskOf([
      [incr(1), counted(3), 10],
      [base(2), BASE_AT_3, 20],
    ]);
    const { names, said } = await repaired(disk);
    expect(names).toEqual([base(2)]);
    expect(said).toContain(`no incr file of ${base(2)} is there: what was written after it was made is lost`);
  });

  test('also beside two bases', async () => {
    const disk = diskOf([
      [base(1), SELECT, 0],
      [incr(1), counted(3), 10],
      [base(2), BASE_AT_3, 20],
    ]);
    expect((await repaired(disk)).names).toEqual([base(2)]);
  });
});

describe('numbers that a rewrite which failed has used up do not tell', () => {
  const files = (changedAtMs: number) =>
    [
      [incr(2), counted(3), changedAtMs],
      [base(2), BASE_AT_3, 20],
      [incr(3), counted(1), 40],
    ] as const;

  test('what was not changed since the base is left out, and said to be so; no limit of a loss allows it', async () => {
    const disk = diskOf(files(20));
    const limited = await run(disk, ['repair', '--yes', '--max-loss', '1gb', '/d']);
    expect(limited.status).toBe(3);
    const { names, said } = await repaired(disk);
    expect(names).toEqual([base(2), incr(3)]);
    expect(said).toContain(`${base(2)} may already contain ${incr(2)}, not changed since it was made: left out`);
    expect(said).toContain(`  ${incr(2)}: lost if ${base(2)} does not contain it, which the numbers do not tell\n`);
  });

  test('what was changed after it is kept, and the danger is said; no limit allows that either', async () => {
    const disk = diskOf(files(30));
    const limited = await run(disk, ['repair', '--yes', '--max-loss', '1gb', '/d']);
    expect(limited.status).toBe(3);
    const { names, said } = await repaired(disk);
    expect(names).toEqual([base(2), incr(2), incr(3)]);
    expect(said).toContain(`${incr(2)} was changed after ${base(2)} was made, so it comes behind it, if these times`);
    expect(said).toContain(`  ${incr(2)}: applied twice if ${base(2)} contains it, which the numbers do not tell`);
  });

  test('an empty one is nothing to lose', async () => {
    const disk = diskOf([
      [base(2), BASE_AT_3, 20],
      [incr(2), '', 10],
      [incr(3), counted(1), 40],
    ]);
    expect((await run(disk, ['repair', '--yes', '--max-loss', '0', '/d'])).status).toBe(0);
  });

  test('behind a first base is nothing that it contains', async () => {
    const disk = diskOf([
      [base(1), SELECT, 20],
      [incr(1), counted(3), 20],
      [incr(2), counted(1), 20],
    ]);
    const { names, said } = await repaired(disk);
    expect(names).toEqual([base(1), incr(1), incr(2)]);
    expect(said).toContain('Price: nothing is left out.');
  });
});
