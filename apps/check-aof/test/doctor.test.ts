/** The doctor: each thing that would stop somebody one day, and nothing where all is well. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk, type SimDisk } from '@aof/disk';
import { type WritableEntry, writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import type { DoctorFinding } from '../src/doctor-finding.ts';
import { put, readCorpus } from './corpus.ts';
import { BASE, contentsBelow, diskOf, document, INCR, INCR_2, LOG, record, run } from './restore-rig.ts';

const GOOD = { [BASE]: `#TS:1000\r\n${record('SET', 'a', '1')}`, [INCR]: `#TS:1001\r\n${record('SET', 'b', '2')}` };
const CONF = 'dir /data\nappendonly yes\naof-timestamp-enabled yes\n';

function write(disk: SimDisk, path: string, content: string | Uint8Array): void {
  put(disk, [[path, typeof content === 'string' ? Buffer.from(content, 'latin1') : content]]);
}

async function diagnosis(disk: SimDisk, path = '/data', ...args: string[]) {
  const before = contentsBelow(disk, '/');
  const { operations } = disk;
  const { status, level, findings } = await document(disk, ['doctor', path, ...args]);
  expect(contentsBelow(disk, '/')).toEqual(before);
  expect(disk.operations).toBe(operations);
  // What the program wrote; its shape is asserted by what the tests look for.
  return { status, level, findings: findings as readonly DoctorFinding[] };
}

/** Level and code of what is not as it should be. */
async function complaints(disk: SimDisk, path = '/data', ...args: string[]): Promise<string[]> {
  const { findings } = await diagnosis(disk, path, ...args);
  return findings.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`);
}

function withConf(disk: SimDisk, text: string): SimDisk {
  write(disk, '/redis.conf', text);
  return disk;
}

test('a good log and configuration: what they mean, and nothing to complain of', async () => {
  const disk = withConf(diskOf(GOOD), CONF);
  const { status, level, findings } = await diagnosis(disk, '/redis.conf');
  expect({ status, level }).toEqual({ status: 0, level: 'notice' });
  expect(findings.filter((finding) => finding.level !== 'ok').map(({ code }) => code)).toEqual(['auto-rewrite']);
  const texts = findings.map(({ text }) => text).join('\n');
  expect(texts).toContain('Multi-part layout');
  expect(texts).toContain('appendfsync everysec: a power failure loses the writes of the last second');
  expect(texts).toContain('comes when the log has 67 MB');
});

test.each(['/data', LOG, `${LOG}/appendonly.aof.manifest`])('%s means the same log', async (path) => {
  const { findings, status } = await diagnosis(diskOf(GOOD), path);
  expect(status).toBe(0);
  expect(findings.find(({ code }) => code === 'layout')?.text).toContain('1 file of what came later');
});

describe('the configuration', () => {
  test.each([
    ['appendonly no', 'warning appendonly'],
    ['appendfsync no', 'warning fsync'],
    ['no-appendfsync-on-rewrite yes', 'warning fsync'],
    ['aof-load-truncated no', 'notice unfinished-end'],
    ['aof-timestamp-enabled no', 'warning timestamps'],
    ['auto-aof-rewrite-percentage 0', 'notice auto-rewrite'],
    ['some-module-option 3', 'notice config'],
    ['appendfsync sometimes', 'notice config'],
  ])('%s', async (line, expected) => {
    expect(await complaints(withConf(diskOf(GOOD), `${CONF}${line}\n`), '/redis.conf')).toContain(expected);
  });

  test('a rewrite by itself is due: what is lost then, and how to hold it off', async () => {
    const disk = withConf(
      diskOf({ ...GOOD, [INCR]: `#TS:1001\r\n${record('SET', 'b', 'x'.repeat(500))}` }),
      `${CONF}auto-aof-rewrite-min-size 100\n`,
    );
    const { findings, level } = await diagnosis(disk, '/redis.conf');
    expect(level).toBe('warning');
    expect(findings.find(({ code }) => code === 'auto-rewrite')).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('can no longer be restored'),
      advice: expect.stringContaining('auto-aof-rewrite-percentage 0'),
    });
  });

  test('names of files and folders come from it', async () => {
    const disk = diskOf({});
    disk.makeDirectory('/data/log');
    write(disk, '/data/log/x.aof.1.incr.aof', record('SET', 'a', '1'));
    write(disk, '/data/log/x.aof.manifest', 'file x.aof.1.incr.aof seq 1 type i\n');
    withConf(disk, `${CONF}appenddirname log\nappendfilename x.aof\n`);
    expect(await complaints(disk, '/redis.conf')).toEqual(['notice timestamps', 'notice auto-rewrite']);
  });

  test('without an absolute dir: says which folder is meant', async () => {
    for (const line of ['dir ./\n', 'dir data\n', '']) {
      const disk = withConf(diskOf(GOOD), `appendonly yes\n${line}`);
      const { findings } = await diagnosis(disk, '/redis.conf');
      expect(findings).toContainEqual(
        expect.objectContaining({ level: 'notice', code: 'config', text: expect.stringContaining('no absolute dir') }),
      );
      const hasLog = findings.some(({ code, level }) => code === 'layout' && level === 'ok');
      expect(hasLog).toBe(line === 'dir data\n');
    }
  });

  test('that cannot be read is an error', async () => {
    const disk = withConf(diskOf(GOOD), 'dir "/data\n');
    expect(await document(disk, ['doctor', '/redis.conf'])).toMatchObject({ status: 5, code: 'UNBALANCED_QUOTES' });
    expect(await complaints(withConf(diskOf(GOOD), 'dir /none\n'), '/redis.conf')).toContain('problem layout');
  });
});

describe('the files', () => {
  test('both layouts', async () => {
    const disk = diskOf(GOOD);
    write(disk, '/data/appendonly.aof', record('SET', 'a', '1'));
    expect(await complaints(disk)).toContain('warning two-logs');
  });

  test('a snapshot beside no log: a server would start empty', async () => {
    const disk = diskOf({});
    disk.unlink(`${LOG}/appendonly.aof.manifest`);
    write(disk, '/data/dump.rdb', 'REDIS0010');
    expect(await complaints(disk)).toEqual(['warning snapshot-beside']);
    expect(await complaints(withConf(disk, CONF), '/redis.conf')).toEqual(['problem snapshot-beside']);
    expect(await complaints(withConf(disk, 'dir /data\n'), '/redis.conf')).toEqual([
      'warning appendonly',
      'notice layout',
    ]);
  });

  test('no manifest: a server would write over the files', async () => {
    const disk = diskOf(GOOD);
    disk.unlink(`${LOG}/appendonly.aof.manifest`);
    expect(await complaints(withConf(disk, CONF), '/redis.conf')).toEqual(['problem manifest']);
  });

  test('a manifest that cannot be read', async () => {
    const disk = diskOf(GOOD);
    write(disk, `${LOG}/appendonly.aof.manifest`, 'garbage\n');
    expect(await complaints(disk)).toEqual(['problem manifest']);
  });

  test('a file that is gone', async () => {
    const disk = diskOf(GOOD);
    disk.unlink(`${LOG}/${INCR}`);
    expect(await complaints(disk)).toEqual(['problem file-missing']);
  });

  test('many incr files are rewrites that failed', async () => {
    const many = [1, 2, 3, 4].map((n) => [`appendonly.aof.${n}.incr.aof`, `#TS:1001\r\n${record('SET', 'k', '1')}`]);
    expect(await complaints(diskOf(Object.fromEntries(many)))).toContain('warning layout');
  });

  test('leftovers', async () => {
    const disk = diskOf(GOOD);
    write(disk, '/data/temp-rewriteaof-7.aof', 'x');
    write(disk, `${LOG}/${INCR_2}`, record('SET', 'c', '1'));
    disk.makeDirectory(`${LOG}/repair-1`);
    disk.makeDirectory('/data/restore-unfinished');
    const { findings } = await diagnosis(disk);
    const texts = findings.filter(({ code }) => code === 'leftovers').map(({ text }) => text);
    expect(texts).toEqual([
      expect.stringContaining('temp-rewriteaof-7.aof'),
      expect.stringContaining(INCR_2),
      expect.stringContaining('restore-unfinished'),
      expect.stringContaining('repair-1'),
    ]);
  });

  test('history that the next start deletes', async () => {
    const disk = diskOf(GOOD);
    write(disk, `${LOG}/old.aof`, record('SET', 'c', '1'));
    write(
      disk,
      `${LOG}/appendonly.aof.manifest`,
      `file ${BASE} seq 1 type b\nfile old.aof seq 1 type h\nfile ${INCR} seq 1 type i\n`,
    );
    expect(await complaints(disk)).toContain('notice leftovers');
  });

  test('room for a rewrite', async () => {
    const disk = diskOf({ ...GOOD, [BASE]: record('SET', 'k', 'x'.repeat(10_000)) });
    disk.freeSpaceBytes = 5000;
    expect(await complaints(disk)).toContain('problem rewrite-room');
    disk.freeSpaceBytes = 10_050;
    expect(await complaints(disk)).toContain('warning rewrite-room');
    disk.freeSpaceBytes = 1_000_000;
    expect((await complaints(disk)).join()).not.toContain('rewrite-room');
  });

  test('a server that runs', async () => {
    const holder = { processId: 42, processName: 'redis-server', path: `${LOG}/${INCR}` };
    const { stdout } = await run(diskOf(GOOD), ['doctor', '/data'], { holder });
    expect(stdout).toContain(`notice   Process 42 (redis-server) has ${LOG}/${INCR} open.`);
  });

  test.skipIf(process.platform === 'win32')('permissions', async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-doctor-')));
    const log = join(folder, 'appendonlydir');
    fs.mkdirSync(log);
    const disk = new NodeDisk();
    put(disk, readCorpus('redis-7.0.15', 'timestamps').files, `${log}/`);
    const permissions = async () => {
      const { findings } = await document(disk, ['doctor', folder]);
      return (findings as readonly DoctorFinding[]).filter(({ code }) => code === 'permissions');
    };
    expect(await permissions()).toMatchObject([{ level: 'ok' }]);
    const incr = fs.readdirSync(log).find((name) => name.includes('.incr.')) ?? '';
    fs.chmodSync(join(log, incr), 0o444);
    expect(await permissions()).toMatchObject([{ level: 'problem', advice: `chmod u+w ${join(log, incr)}` }]);
    if (process.getuid?.() === 0) {
      fs.chownSync(join(log, incr), 1234, 1234);
      expect(await permissions()).toMatchObject([
        { level: 'warning', text: expect.stringContaining('belongs to user 1234') },
      ]);
    } else {
      fs.chmodSync(join(log, incr), 0);
      expect(await permissions()).toMatchObject([
        { level: 'problem', text: expect.stringContaining('may not be read') },
      ]);
    }
    fs.rmSync(folder, { recursive: true });
  });
});

describe('the content', () => {
  test('damage, and an end that is not finished', async () => {
    expect(await complaints(diskOf({ ...GOOD, [INCR]: `${record('SET', 'a', '1')}\0\0` }))).toContain('problem damage');
    expect(await complaints(diskOf({ ...GOOD, [INCR]: record('SET', 'a', '1').slice(0, -3) }))).toContain(
      'warning unfinished-end',
    );
    expect(await complaints(diskOf({ ...GOOD, [INCR]: record('MULTI') }))).toContain('warning unfinished-end');
  });

  test('no times, where no configuration says what is to come', async () => {
    expect(await complaints(diskOf({ [INCR]: record('SET', 'a', '1') }))).toContain('warning timestamps');
    expect(await complaints(diskOf(GOOD))).toEqual(['notice auto-rewrite']);
  });

  const big: WritableEntry[] = [
    {
      kind: 'key',
      database: 2,
      key: 'big',
      expireAtMs: -1,
      type: 'string',
      value: new Uint8Array(11 * 1024 * 1024).fill(120),
    },
    { kind: 'key', database: 0, key: 'small', expireAtMs: -1, type: 'string', value: 'x' },
  ];

  test('huge keys, in an RDB part, as one command and in the pieces of a rewrite', async () => {
    const rdb = Buffer.concat([
      ...writeRdbSync(big, { target: 'redis-7.0', compresses: false, origin: { createdSec: 1 } }),
    ]);
    const one = record('SET', 'one', 'y'.repeat(12 * 1024 * 1024));
    const pieces = Array.from({ length: 130 }, () => record('RPUSH', 'pieces', 'z'.repeat(100_000))).join('');
    // Written often is not huge.
    const often = Array.from({ length: 130 }, () => record('SET', 'often', 'z'.repeat(100_000))).join('');
    const disk = diskOf({ 'appendonly.aof.1.base.rdb': rdb, [INCR]: one + pieces + often });
    const { findings } = await diagnosis(disk);
    expect(findings.filter(({ code }) => code === 'huge-keys').map(({ text }) => text.split(' in the log')[0])).toEqual(
      ['pieces takes about 13 MB', 'one takes about 13 MB', 'big in database 2 takes about 12 MB'],
    );
  });

  test('the version of the base, for the server that is to load it', async () => {
    const rdb = (target: 'redis-6' | 'redis-7.4' | 'valkey-9') => {
      const content = Buffer.concat([...writeRdbSync([], { target, origin: { createdSec: 1 } })]);
      return diskOf({ 'appendonly.aof.1.base.rdb': content, [INCR]: `#TS:1\r\n` });
    };
    expect(await complaints(rdb('redis-7.4'), '/data', '--server', 'redis-7.0')).toContain('problem base-version');
    expect(await complaints(rdb('redis-7.4'), '/data', '--server', 'redis-7.4')).toEqual(['notice auto-rewrite']);
    expect(await complaints(rdb('redis-7.4'), '/data', '--server', 'valkey-9')).toContain('problem base-version');
    expect(await complaints(rdb('redis-6'), '/data', '--server', 'valkey-9')).toEqual(['notice auto-rewrite']);
    expect(await complaints(rdb('valkey-9'), '/data', '--server', 'redis-7.4')).toContain('problem base-version');
    // A server that reads no manifest, and no times.
    expect((await complaints(rdb('redis-6'), '/data', '--server', 'redis-6')).slice(0, 2)).toEqual([
      'problem server-version',
      'problem server-version',
    ]);
  });
});

test.each([
  [['--fail-on', 'problem'], 0],
  [['--fail-on', 'warning'], 1],
  [[], 1],
])('%j: the status of a warning is %i', async (args, expected) => {
  const disk = diskOf({ [INCR]: record('SET', 'a', '1') });
  expect((await run(disk, ['doctor', '/data', ...args])).status).toBe(expected);
});

test.each([
  [['--fail-on', 'ok'], '--fail-on takes notice, warning or problem'],
  [['--server', 'redis-3'], "not 'redis-3'"],
])('%j is refused', async (args, reason) => {
  const { status, stderr } = await run(diskOf(GOOD), ['doctor', '/data', ...args]);
  expect({ status, isReason: stderr.includes(reason) }).toEqual({ status: 2, isReason: true });
});
