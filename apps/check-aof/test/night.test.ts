/** What somebody meets who has a broken log, no time, and this program: the verdict is right, and the next step is said. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskError, NodeDisk, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../src/program.ts';
import { MANIFEST, put } from './corpus.ts';
import { environmentOf, runOn } from './environment.ts';

const record = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
const GOOD = record('SELECT', '0') + record('SET', 'k', '1');

function diskOf(files: Readonly<Record<string, string>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  const bytes = Object.entries(files).map(([name, content]): [string, Buffer] => [name, Buffer.from(content)]);
  put(disk, bytes, '/d/');
  return disk;
}

describe('a manifest that a power cut has emptied', () => {
  test.each([[''], ['\0'.repeat(88)]])('is not taken for a log, and --fix does not cut it: %j', async (content) => {
    const disk = diskOf({ [MANIFEST]: content, 'appendonly.aof.1.incr.aof': GOOD });
    for (const args of [[], ['--fix']]) {
      const { status, stdout } = await runOn(disk, [...args, `/d/${MANIFEST}`], { answer: 'y' });
      expect(status).toBe(1);
      expect(stdout).toContain('*** FATAL AOF MANIFEST FILE ERROR ***');
    }
    expect(Buffer.from(disk.readFile(`/d/${MANIFEST}`)).toString()).toBe(content);
  });
});

describe('an RDB base that a power cut has emptied', () => {
  const manifest = 'file a.2.base.rdb seq 2 type b\nfile a.2.incr.aof seq 2 type i\n';
  const disk = diskOf({ [MANIFEST]: manifest, 'a.2.base.rdb': '', 'a.2.incr.aof': GOOD });

  test('is said by repair, though there is nothing that it could do, and is a problem for the doctor', async () => {
    const text = 'a.2.base.rdb is empty, as no server leaves it: what it held is lost, unless there is a copy of it';
    const repair = await runOn(disk, ['repair', '/d']);
    expect(repair.status).toBe(0);
    expect(repair.stdout).toContain(`  ${text}\n`);
    const doctor = await runOn(disk, ['doctor', '/d']);
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toMatch(new RegExp(`^problem +${text}`, 'm'));
  });

  test('a base of records may be empty: so a server without keys leaves it', async () => {
    const files = { [MANIFEST]: manifest.replace('rdb', 'aof'), 'a.2.base.aof': '', 'a.2.incr.aof': GOOD };
    expect((await runOn(diskOf(files), ['doctor', '/d'])).stdout).not.toContain('is empty');
    expect((await runOn(diskOf(files), ['repair', '/d'])).stdout).not.toContain('is empty');
  });
});

test('a command of a module is said by repair: without the module no server starts', async () => {
  const disk = diskOf({ 'appendonly.aof': GOOD + record('JSON.SET', 'k', '$', '1') });
  const { status, stdout } = await runOn(disk, ['repair', '/d']);
  expect(status).toBe(0);
  expect(stdout).toContain(
    `  JSON.SET in appendonly.aof, at offset ${GOOD.length}, line 13, is a command of a module: a server without it does not start\n`,
  );
  const cutOff = diskOf({ 'appendonly.aof': GOOD + record('MULTI') + record('JSON.SET', 'k', '$', '1') });
  expect((await runOn(cutOff, ['repair', '--dry-run', '/d'])).stdout).not.toContain('of a module');
});

describe('what the disk refuses comes with what to do', () => {
  test.each([
    ['EACCES', 'Run this as the user that the server runs as.'],
    ['ENOSPC', 'Free some space, or copy the log to a larger disk, and work on the copy.'],
    ['EROFS', 'Nothing can be written there: copy the log to another disk, and work on the copy.'],
  ] as const)('%s', async (code, hint) => {
    class Refusing extends SimDisk {
      override clone(): never {
        throw new DiskError(code, 'clone', '/d/appendonly.aof');
      }
    }
    const disk = new Refusing();
    disk.makeDirectory('/d');
    put(disk, [['appendonly.aof', Buffer.from(`${GOOD}\0`)]], '/d/');
    const { status, stdout } = await runOn(disk, ['repair', '--yes', '/d']);
    expect(status).toBe(6);
    expect(stdout).toMatch(new RegExp(`cannot clone /d/appendonly.aof: .*\n${hint}\n$`));
    const json = JSON.parse((await runOn(disk, ['repair', '--yes', '--json', '/d'])).stdout);
    expect(json).toMatchObject({ status: 6, hint });
  });
});

describe('a pipe or a device', () => {
  test.each([
    [['check'], 1],
    [['--strict'], 1],
    [['repair'], 5],
    [['undo'], 5],
    [['doctor'], 5],
    [['explain'], 5],
    [['dump'], 5],
    [['restore', '--dry-run'], 5],
  ])('is refused at once: %j', async (args, status) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'check-aof-pipe-'));
    try {
      const pipe = join(folder, 'appendonly.aof');
      execFileSync('mkfifo', [pipe]);
      for (const path of [pipe, '/dev/null']) {
        const run = await runOn(new NodeDisk(), [...args, path]);
        expect(run.status).toBe(status);
        expect(run.stdout).toMatch(/no regular file|neither a file nor a folder/);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe('a check that finds damage', () => {
  async function adviceOn(disk: SimDisk, ...args: readonly string[]): Promise<string> {
    const { environment } = environmentOf(disk);
    let advice = '';
    const advise = (line: string): void => {
      advice += line;
    };
    await runProgram(args, { ...environment, advise }, () => {});
    return advice;
  }

  test('names repair beside the lines of redis-check-aof, which know --fix alone', async () => {
    const command = 'check-aof repair --dry-run /d/appendonly.aof';
    const broken = diskOf({ 'appendonly.aof': `${GOOD}\0\0${GOOD}` });
    expect(await adviceOn(broken, '/d/appendonly.aof')).toContain(command);
    expect(await adviceOn(broken, '--json', '/d/appendonly.aof')).toBe('');
    // Asked, the answer was no.
    expect(await adviceOn(broken, '--fix', '/d/appendonly.aof')).toContain(command);
    expect(await adviceOn(diskOf({ [MANIFEST]: '' }), `/d/${MANIFEST}`)).toContain(`--dry-run /d/${MANIFEST}`);
  });

  test('but not where nothing is damaged, or nothing is there', async () => {
    const good = diskOf({ 'appendonly.aof': GOOD });
    expect(await adviceOn(good, '/d/appendonly.aof')).toBe('');
    expect(await adviceOn(good, '/d/nowhere')).toBe('');
  });
});

describe('a slip of the finger', () => {
  test.each([
    [['repiar', '/d'], 'Is repair meant, for repiar?\n', 1],
    [['explian', '/d'], 'Is explain meant, for explian?\n', 1],
    [['--fxi', '/d'], 'Is --fix meant, for --fxi?\n', 1],
    [['/d', '/e'], '', 1],
    [
      ['repair', '--dryrun', '/d'],
      'repair has no option --dryrun; --dry-run is near. See check-aof repair --help.\n',
      2,
    ],
    [['repair', '--force', '/d'], 'repair has no option --force. See check-aof repair --help.\n', 2],
  ])('%j', async (args, complaint, status) => {
    expect(await runOn(new SimDisk(), args)).toMatchObject({ stderr: complaint, status });
  });
});

test('a page for which there is no room is not left half written', async () => {
  const disk = diskOf({ 'appendonly.aof': GOOD });
  const { open } = disk;
  disk.open = (path, mode) => {
    const file = open.call(disk, path, mode);
    if (!path.endsWith('.html')) return file;
    let written = 0;
    const { write } = file;
    file.write = (bytes, offset = 0, length = bytes.length) => {
      if (written > 0) throw new DiskError('ENOSPC', 'write', path);
      written += write.call(file, bytes, offset, Math.min(length, 100));
      return written;
    };
    return file;
  };
  expect((await runOn(disk, ['explain', '--html', '/d/page.html', '/d'])).status).toBe(6);
  expect(disk.status('/d/page.html')).toBeUndefined();
});
