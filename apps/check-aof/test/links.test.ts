/** Logs that are reached through symbolic links: the file itself is repaired, under whatever name somebody has it. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '@aof/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBesideServers } from './environment.ts';
import { set } from './restore-rig.ts';

const GOOD = set('k');
const BROKEN = `${GOOD}no record`;

let folder = '';
/** Where the link is, and where it leads. */
let link = '';
let real = '';

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-link-')));
  for (const name of ['data', 'volume']) fs.mkdirSync(join(folder, name));
  link = join(folder, 'data', 'appendonly.aof');
  real = join(folder, 'volume', 'shop.aof');
  fs.writeFileSync(real, BROKEN);
  fs.symlinkSync('../volume/shop.aof', link);
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

const textOf = (path: string): string => fs.readFileSync(path, 'latin1');
const data = (): string => join(folder, 'data');

describe('a single log that is a symbolic link', () => {
  test.each([
    ['the folder', data],
    ['the link', () => link],
  ])('named by %s: what it leads to is repaired, and undone', async (_, named) => {
    const plan = await runBesideServers(['repair', '--dry-run', named()]);
    const before = named() === link ? `Log: ${join(folder, 'volume')}\n` : `${link} is a symbolic link to ${real}`;
    expect(plan.said).toContain(before);
    const { status, said } = await runBesideServers(['repair', '--yes', named()]);
    expect(status).toBe(0);
    expect(said).toContain(`The files from before are in ${join(folder, 'volume', 'repair-1')}`);
    expect(fs.readlinkSync(link)).toBe('../volume/shop.aof');
    expect(textOf(real)).toBe(GOOD);
    expect(fs.readdirSync(data())).toEqual(['appendonly.aof']);

    expect(await runBesideServers(['undo', named()])).toMatchObject({ status: 0 });
    expect(fs.readlinkSync(link)).toBe('../volume/shop.aof');
    expect(textOf(real)).toBe(BROKEN);
  });

  test('undo takes back the repair of this log, not the last one beside it', async () => {
    const other = join(folder, 'volume', 'other.aof');
    fs.writeFileSync(other, BROKEN);
    for (const log of [data(), other]) expect((await runBesideServers(['repair', '--yes', log])).status).toBe(0);
    expect((await runBesideServers(['undo', data()])).status).toBe(0);
    expect([textOf(real), textOf(other)]).toEqual([BROKEN, GOOD]);
    expect((await runBesideServers(['undo', real])).said).toContain('There is no repair to undo');
    expect((await runBesideServers(['undo', other])).status).toBe(0);
    expect(textOf(other)).toBe(BROKEN);
  });

  test.skipIf(process.platform !== 'linux').each([
    ['data', 'appendonly.aof'],
    ['volume', 'shop.aof'],
  ])('is left alone beside a server that knows it as %s/%s', async (dir, appendfilename) => {
    fs.writeFileSync(real, GOOD);
    const server = await createServer({ dir: join(folder, dir), appendfilename, appendonly: true });
    try {
      fs.appendFileSync(real, 'no record');
      for (const call of [
        ['repair', '--yes', data()],
        ['repair', '--yes', link],
        ['--fix', link],
        ['undo', link],
      ]) {
        expect({ call, ...(await runBesideServers(call)) }).toMatchObject({ call, status: 4 });
      }
    } finally {
      await server.close();
    }
    expect((await runBesideServers(['repair', '--yes', data()])).status).toBe(0);
  });
});

test('a broken part of a log of several files that is a link is refused, with what to type', async () => {
  const parts = join(folder, 'data', 'appendonlydir');
  fs.mkdirSync(parts);
  fs.unlinkSync(link);
  fs.writeFileSync(join(parts, 'a.aof.manifest'), 'file a.aof.1.incr.aof seq 1 type i\n');
  const part = join(parts, 'a.aof.1.incr.aof');
  fs.symlinkSync(real, part);
  const { status, said } = await runBesideServers(['repair', '--yes', parts]);
  expect(status).toBe(5);
  const line = /first: (mv (\S+) (\S+))$/m.exec(said);
  expect(line?.slice(2)).toEqual([real, part]);
  expect(textOf(real)).toBe(BROKEN);
  fs.renameSync(line?.[2] ?? '', line?.[3] ?? '');
  expect((await runBesideServers(['repair', '--yes', parts])).status).toBe(0);
});
