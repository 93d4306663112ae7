/** Logs of servers whose configuration renames commands: what check-aof makes of them with `--config`, and what it says without. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Disk, NodeDisk, SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { asWritten } from '../src/command-names.ts';
import { CommandNames } from '../src/index.ts';
import { RenamedFile } from '../src/renamed-file.ts';
import { readRenames } from '../src/server-configuration.ts';
import { put } from './corpus.ts';
import { hasOracle } from './oracle.ts';
import { RedisServer } from './redis-server.ts';
import { contentsBelow, record, run } from './restore-rig.ts';

const FIXTURE = new URL('../fixtures/renamed-commands/', import.meta.url);
const CONFIG = ['--config', '/conf/redis.conf'];
const HINT = 'if the server renames commands, give its configuration: --config redis.conf';
const MANIFEST = 'appendonly.aof.manifest';
const BASE = 'appendonly.aof.1.base.rdb';
const INCR = 'appendonly.aof.1.incr.aof';
const LAYOUTS = ['multi-part', 'single'] as const;

function fixture(name: string): Buffer {
  return gunzipSync(fs.readFileSync(new URL(`${name}.gz`, FIXTURE)));
}

function words(line: string): string {
  return record(...line.split(' '));
}

function configOn(disk: SimDisk, files?: Readonly<Record<string, string>>): void {
  disk.makeDirectory('/conf');
  const own = ['redis.conf', 'renames.conf'].map((name) => [name, fs.readFileSync(new URL(name, FIXTURE))] as const);
  const given = files && Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'latin1')] as const);
  put(disk, given ?? own, '/conf/');
}

/** The log of the real server, in `/log`. @param more records behind it */
function logOn(disk: SimDisk, layout: (typeof LAYOUTS)[number] = 'multi-part', more = ''): void {
  disk.makeDirectory('/log');
  const incr = Buffer.concat([fixture(INCR), Buffer.from(more, 'latin1')]);
  if (layout === 'single') return put(disk, [['appendonly.aof', Buffer.concat([fixture(BASE), incr])]], '/log/');
  put(
    disk,
    [
      [BASE, fixture(BASE)],
      [INCR, incr],
      [MANIFEST, fixture(MANIFEST)],
    ],
    '/log/',
  );
}

function renamedLog(layout?: (typeof LAYOUTS)[number], more?: string): SimDisk {
  const disk = new SimDisk();
  logOn(disk, layout, more);
  configOn(disk);
  return disk;
}

/** A single file of records, and a configuration of these lines. */
function ownLog(content: string, ...lines: string[]): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/log');
  put(disk, [['appendonly.aof', Buffer.from(content, 'latin1')]], '/log/');
  configOn(disk, { 'redis.conf': lines.join('\n') });
  return disk;
}

async function json(disk: Disk, ...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await run(disk, [...args, '--json'])).stdout);
}

function namesOf(...lines: string[]): CommandNames {
  const disk = ownLog('', ...lines);
  return new CommandNames(readRenames(disk, '/conf/redis.conf'), '/conf/redis.conf');
}

function meant(names: CommandNames, ...args: string[]): string {
  const request = names.understood(Request.of(args));
  return Array.from({ length: request.count }, (_, i) => request.latin1(i)).join(' ');
}

describe('names of commands', () => {
  test('are understood in any case, by both names; a record stays as it is written', () => {
    const names = namesOf('rename-command SET Store', 'rename-command GET ""', 'rename-command DEL \xc4-del');
    expect(meant(names, 'sTORe', 'k', 'v\xff')).toBe('SET k v\xff');
    expect(meant(names, 'SET', 'k', 'v')).toBe('SET k v');
    expect(meant(names, '\xc4-DEL', 'k')).toBe('DEL k');
    expect(meant(names, '\xe4-DEL', 'k')).toBe('\xe4-DEL k');
    expect(meant(names, 'STOR')).toBe('STOR');
    expect(meant(names)).toBe('');
    const kept = names.understood(Request.of(['store', 'k', 'v'])).detach();
    expect(kept.latin1(0)).toBe('SET');
    expect(asWritten(kept).latin1(0)).toBe('store');
    expect(['SET', 'GET', 'DEL', 'INCR'].map((own) => names.written(own))).toEqual(['STORE', '', '\xc4-DEL', 'INCR']);
  });

  test('come from included files, whatever else is in them; of commands of newer servers too', () => {
    const disk = new SimDisk();
    configOn(disk, {
      'redis.conf': 'include names-*.conf\nreplicaof 10.0.0.1 6379\nno-such-option 1\nsave never',
      'names-1.conf': 'rename-command SET store',
      'names-2.conf': 'rename-command STORE Put\nrename-command NEWCMD newer\nrename-command EVAL run',
    });
    const names = new CommandNames(readRenames(disk, '/conf/redis.conf'));
    expect(['put', 'store', 'newer', 'RUN'].map((name) => meant(names, name, 'k'))).toEqual([
      'SET k',
      'store k',
      'NEWCMD k',
      'EVAL k',
    ]);
  });

  test.each([
    ['there is none', [], 'No such file'],
    ['a line is wrong', ['rename-command CONFIG'], 'rename-command CONFIG'],
    // Redis takes this: then a GET of the log is a SET of a client, or a GET of the server's own.
    ['two commands by one name', ['rename-command GET ""', 'rename-command SET GET'], 'Target command name already'],
  ])('%s: that is said, with status 2', async (_, lines, said) => {
    const disk = ownLog(words('SET k v'), ...lines);
    const path = lines.length === 0 ? '/conf/none.conf' : '/conf/redis.conf';
    for (const args of [
      ['dump', '/log'],
      ['history', '/log', 'k'],
      ['repair', '/log'],
      ['--strict', '/log'],
    ]) {
      const { status, stdout, stderr } = await run(disk, [...args, '--config', path]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(`--config: ${path}`);
      expect(stderr).toContain(said);
    }
  });

  test('are an option of every subcommand that looks at commands', async () => {
    for (const name of ['check', 'repair', 'explain', 'restore', 'convert', 'dump', 'history']) {
      const { stdout } = await run(new SimDisk(), [name, '--help']);
      expect({ name, isThere: stdout.includes('--config <redis.conf>') }).toEqual({ name, isThere: true });
    }
  });
});

describe.each(LAYOUTS)('a log from under rename-command, %s', (layout) => {
  const disk = renamedLog(layout);
  const before = contentsBelow(disk, '/log');
  afterEach(() => {
    expect(contentsBelow(disk, '/log')).toEqual(before);
  });

  test('--strict finds nothing, where it knows the names', async () => {
    expect(await run(disk, ['--strict', '/log', ...CONFIG])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^[12] files?, 16 records, 1 key: nothing found\n$/),
    });
    const { status, stdout } = await run(disk, ['--strict', '/log']);
    expect(status).toBe(1);
    expect(stdout).toContain('no command is called WIPE [command-unknown, likely]');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`I${HINT.slice(1)}.`);
    expect(await json(disk, '--strict', '/log')).toMatchObject({ hint: HINT });
    expect(await json(disk, '--strict', '/log', ...CONFIG)).not.toHaveProperty('hint');
  });

  test('check, which goes by no names but of MULTI and EXEC, says the same', async () => {
    const path = layout === 'single' ? '/log/appendonly.aof' : `/log/${MANIFEST}`;
    const { status, stdout } = await run(disk, ['check', path]);
    expect(status).toBe(0);
    expect(await run(disk, ['check', path, ...CONFIG])).toMatchObject({ status, stdout });
  });

  test('repair has nothing to do', async () => {
    expect(await run(disk, ['repair', '/log', ...CONFIG])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/good, \d+ bytes\nNothing to repair\.\n$/),
    });
    for (const args of [
      ['repair', '/log'],
      ['repair', '--salvage', '--dry-run', '/log'],
    ]) {
      const { status, stdout } = await run(disk, args);
      expect(status).not.toBe(0);
      expect(stdout).toContain('STORE with 2 arguments');
      expect(stdout).toContain(`\nI${HINT.slice(1)}.\n`);
    }
  });

  test('explain replays all of it, and counts commands by their own names', async () => {
    const explained = await json(disk, 'explain', '/log', ...CONFIG);
    expect(explained.rewrite).toMatchObject({ liveKeys: 1, notReplayed: 0 });
    expect(explained.byCommand).toContainEqual(expect.objectContaining({ name: 'SET', commands: 5 }));
    expect(JSON.stringify(explained)).not.toMatch(/STORE|WIPE/);
    const { stdout } = await run(disk, ['explain', '/log']);
    expect(stdout.replaceAll('\n', ' ')).toContain(
      `(STORE, RENAME, WIPE); live bytes lack what they did. I${HINT.slice(1)}.`,
    );
  });

  test('dump finds commands by either name, and prints what is there', async () => {
    const offset = fixture(INCR).indexOf('*1\r\n$4\r\nWIPE') + (layout === 'single' ? fixture(BASE).length : 0);
    for (const name of ['flushall', 'WIPE']) {
      const { stdout } = await run(disk, ['dump', '/log', '--command', name, ...CONFIG]);
      expect(stdout.split('\n').filter((line) => /^\d/.test(line))).toEqual([`${offset} - [0] WIPE`]);
    }
    const { stdout } = await run(disk, ['dump', '/log', '--json', '--command', 'SET', '--db', '3', ...CONFIG]);
    expect(stdout).toContain('"arguments":["STORE","other:1","x"]');
    expect((await run(disk, ['dump', '/log', '--command', 'SET'])).stdout).not.toContain('user:1');
    const all = await run(disk, ['dump', '/log']);
    expect(await run(disk, ['dump', '/log', ...CONFIG])).toEqual(all);
  });

  test('history tells what renamed commands did to a key, and to those that went into it', async () => {
    const { stdout } = await run(disk, ['history', '/log', 'b', ...CONFIG]);
    expect(stdout).toContain('RENAME a b\n    a was renamed to it; now: string, 1 byte\n');
    expect(stdout).toContain('WIPE\n    gone: all databases were emptied; it was in database 0 string, 1 byte\n');
    expect(stdout).toMatch(/At the end of the log b is not there\.\n$/);
    expect((await run(disk, ['history', '/log', 'user:1', ...CONFIG])).stdout).toContain(
      'STORE user:1 Ann\n    created',
    );
    const without = await run(disk, ['history', '/log', 'cart']);
    expect(without.stdout).toContain(`# There are commands in this log that are not known; ${HINT}.\n`);
    expect(stdout).not.toContain('--config');
    const events = (await run(disk, ['history', '/log', 'user:1', '--json', ...CONFIG])).stdout;
    expect(events).toContain('"arguments":["STORE","user:1","Ann"]');
  });
});

test('the README shows what there is', async () => {
  const readme = fs.readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const section = readme.split('\n## Where the server renames commands: `--config`\n')[1] ?? '';
  const [, line = '', answer] = /\$ check-aof (history .*)\n([^$]*)\$/.exec(section) ?? [];
  const args = line
    .split(' ')
    .map((word) => ({ appendonlydir: '/log', 'redis.conf': '/conf/redis.conf' })[word] ?? word);
  expect(await run(renamedLog(), args)).toMatchObject({ status: 0, stdout: answer });
});

test('restore tells that a Redis does not start from a copy of what it has logged by a renamed name itself', async () => {
  const disk = ownLog(words('STORE k 1') + words('SET k 2') + words('DEL k'), 'rename-command SET STORE');
  const copy = await run(disk, ['restore', '/log', '--to', '/copy', ...CONFIG]);
  expect(copy.stdout).toContain('  SET is called STORE by the configuration: aof-server loads that, a Redis does not');
  const base = await run(disk, ['restore', '/log', '--to', '/base', '--target', 'redis-7.0', ...CONFIG]);
  expect(base.stdout).not.toContain('by the configuration');
  const closed = ownLog(words('STORE k 1') + words('DEL k'), 'rename-command SET STORE', 'rename-command DEL ""');
  expect(await json(closed, 'restore', '/log', '--to', '/copy', ...CONFIG)).toMatchObject({
    refusal: expect.stringContaining('DEL has no name by the configuration'),
  });
});

test('history follows a renamed RENAME', async () => {
  const disk = ownLog(['SET a hello', 'mv a b'].map(words).join(''), 'rename-command RENAME mv');
  const { stdout } = await run(disk, ['history', '/log', 'b', ...CONFIG]);
  expect(stdout).toContain('mv a b\n    a was renamed to it; now: string, 5 bytes\n');
});

describe('what is made of such a log', () => {
  const BEFORE_WIPE = ['user:1', 'user:2', 'visits', 'cart', 'other:1', 'b', 'h'];

  test.each(LAYOUTS)('restore finds the FLUSHALL by either name: %s', async (layout) => {
    const disk = renamedLog(layout);
    for (const name of ['FLUSHALL', 'wipe']) {
      const target = `/restored-${name}`;
      const args = ['restore', '/log', '--before', name, '--to', target];
      const { status, stdout } = await run(disk, [...args, ...CONFIG]);
      expect(status).toBe(0);
      expect(stdout).toContain('Left out: 2 commands, which name 1 key\n  the first: WIPE, in');
      expect(stdout).toContain(`It loads: ${BEFORE_WIPE.length} keys.`);
      expect(stdout).toContain(`\n  redis-server /conf/redis.conf --dir ${target} --appendonly yes`);
    }
    const without = await json(disk, 'restore', '/log', '--before', 'FLUSHALL', '--dry-run');
    expect(without).toMatchObject({ code: 'RESTORE_NO_SUCH_COMMAND', hint: expect.stringContaining(HINT) });
    const copied = await run(disk, ['restore', '/log', '--to', '/copy']);
    expect(copied.stdout).toContain(`in it: 6 commands.\n  I${HINT.slice(1)}.\n`);
    expect((await run(disk, ['restore', '/log', '--to', '/copy-2', ...CONFIG])).stdout).not.toContain('not known');
  });

  test('convert writes the names by which the same server loads it, in an RDB file none', async () => {
    const disk = renamedLog();
    const out = ['convert', '/log', '--layout', 'single', '--out'];
    expect(await json(disk, ...out, '/a', '--to', 'resp')).toMatchObject({
      code: 'RESTORE_UNKNOWN_COMMANDS',
      hint: expect.stringContaining(`I${HINT.slice(1)}. --skip-unknown`),
    });
    expect(await run(disk, [...out, '/a', '--to', 'resp', ...CONFIG])).toMatchObject({ status: 0 });
    const made = Buffer.from(disk.readFile('/a/appendonly.aof')).toString('latin1');
    expect(made).toBe(words('SELECT 0') + words('STORE user:3 Cleo'));
    expect(await run(disk, ['--strict', '/a', ...CONFIG])).toMatchObject({ status: 0 });
    expect(await run(disk, [...out, '/b', '--to', 'redis-6', ...CONFIG])).toMatchObject({ status: 0 });
  });

  test('a command without a name cannot be written as a record, and nothing is', async () => {
    const disk = ownLog(words('SET k v') + words('RPUSH l 1'), 'rename-command RPUSH ""');
    const convert = (...args: string[]) => json(disk, 'convert', '/log', '--out', '/out', ...args, ...CONFIG);
    expect(await convert('--to', 'resp')).toMatchObject({
      status: 5,
      code: 'RESTORE_NO_NAME',
      error: expect.stringContaining('RPUSH'),
      hint: expect.stringContaining('--to redis-7.0'),
    });
    expect(disk.status('/out')).toBeUndefined();
    expect(await convert('--to', 'redis-7.0')).toMatchObject({ status: 0, keys: { kept: 2 } });
  });

  test('a SELECT that joins files into one has its new name', async () => {
    const disk = renamedLog();
    const lines = 'rename-command SET STORE\nrename-command FLUSHALL WIPE\nrename-command SELECT use';
    put(disk, [['other.conf', Buffer.from(lines)]], '/conf/');
    const args = ['restore', '/log', '--layout', 'single', '--to', '/one', '--config', '/conf/other.conf'];
    expect(await run(disk, args)).toMatchObject({ status: 0 });
    const made = Buffer.from(disk.readFile('/one/appendonly.aof'));
    expect(made.subarray(fixture(BASE).length).toString('latin1')).toBe(
      words('USE 0') + fixture(INCR).toString('latin1'),
    );
  });

  test('values of every size are written under the new names', async () => {
    const fields = Array.from({ length: 5000 }, (_, i) => `f${i} v${i}`).join(' ');
    const large = `${'v'.repeat(3_000_000)}`;
    const content = [`SET s ${large}`, `HSET h ${fields}`, `ZADD z 1.5 a 2 b`, 'XADD x 1-1 f v', 'SADD set a 1'];
    const disk = ownLog(
      content.map(words).join(''),
      ...['SET', 'HMSET', 'ZADD', 'XADD', 'SADD', 'XSETID'].map((name) => `rename-command ${name} my-${name}`),
    );
    const args = ['convert', '/log', '--to', 'resp', '--layout', 'single', '--out', '/out', ...CONFIG];
    expect(await run(disk, args)).toMatchObject({ status: 0, stdout: expect.stringContaining('It loads: 5 keys.') });
    const made = Buffer.from(disk.readFile('/out/appendonly.aof')).toString('latin1');
    const names = new Set([...made.matchAll(/\*\d+\r\n\$\d+\r\n([^\r]+)\r\n/g)].map(([, name]) => name));
    expect(names).toEqual(new Set(['SELECT', 'MY-SET', 'MY-HMSET', 'MY-ZADD', 'MY-XADD', 'MY-XSETID', 'MY-SADD']));
  });

  test('a repair recognises what it costs, a salvage keeps it, undo takes it back', async () => {
    const disk = renamedLog('multi-part', `\0${words('STORE user:4 Dan')}${words('INCR visits')}`);
    const before = contentsBelow(disk, '/log');
    const plan = await run(disk, ['repair', '--dry-run', '/log', ...CONFIG]);
    expect(plan.stdout).toContain('2 commands, on 2 keys\n  keys: user:4, visits\n');
    expect(plan.stdout).toContain('can be kept: check-aof repair --dry-run --salvage --config /conf/redis.conf /log\n');
    // Without the names there is not even a plan.
    expect(await run(disk, ['repair', '--yes', '/log'])).toMatchObject({ status: 5 });
    const { status, stdout } = await run(disk, ['repair', '--yes', '--salvage', '/log', ...CONFIG]);
    expect(status).toBe(0);
    expect(stdout).toContain('2 records behind it, in 1 piece, can be recognised and are kept');
    expect(stdout).toContain('Repaired. It loads: 18 records, 3 keys.');
    expect(await run(disk, ['--strict', '/log', ...CONFIG])).toMatchObject({ status: 0 });
    expect(await run(disk, ['undo', '/log'])).toMatchObject({ status: 0 });
    const after = contentsBelow(disk, '/log');
    for (const [path, bytes] of before) expect(after.get(path)).toEqual(bytes);
  });

  test('a salvage knows what later files overwrite', async () => {
    const disk = new SimDisk();
    configOn(disk);
    disk.makeDirectory('/log');
    const lost = words('STORE k 1').replace('$1\r\n1', '$7\r\n1');
    const manifest = [BASE, INCR, INCR.replace('1', '2')].map((name, i) => {
      return `file ${name} seq ${Math.max(1, i)} type ${i === 0 ? 'b' : 'i'}\n`;
    });
    const files: [string, string][] = [
      [INCR, words('STORE a 1') + lost + words('STORE b 1') + words('STORE c 1')],
      [INCR.replace('1', '2'), words('STORE k 2') + words('INCR b')],
      [MANIFEST, manifest.join('')],
    ];
    put(disk, [[BASE, fixture(BASE)], ...files.map(([name, text]) => [name, Buffer.from(text)] as const)], '/log/');
    const { plan } = await json(disk, 'repair', '--dry-run', '--salvage', '/log', ...CONFIG);
    expect(plan).toContainEqual(
      expect.objectContaining({ file: INCR, salvaged: expect.objectContaining({ records: 2, doubtfulKeys: [] }) }),
    );
  });

  test('records behind a damaged RDB part are found, and kept', async () => {
    const key = (name: string) => ({ kind: 'key', database: 0, key: name, expireAtMs: -1, type: 'string' }) as const;
    const entries = ['a', 'b', 'c'].map((name) => ({ ...key(name), value: 'v'.repeat(50) }));
    const base = Buffer.concat([...writeRdbSync(entries, { target: 'redis-7.0', origin: { createdSec: 1 } })]);
    base[base.lastIndexOf('c')] = 0xff;
    base[base.lastIndexOf('v'.repeat(50)) - 1] = 0xff;
    const disk = ownLog(base.toString('latin1') + words('STORE d 1') + words('STORE e 1'), 'rename-command SET STORE');
    const { status, stdout } = await run(disk, ['repair', '--yes', '/log', ...CONFIG]);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('It loads: 2 records') });
  });

  test('repair --no-load reads names too; a record of which only the beginning is there is recognised', async () => {
    const cut = words('STORE user:4 Dan').slice(0, -4);
    const disk = renamedLog('single', cut);
    const { stdout } = await run(disk, ['repair', '--yes', '--no-load', '/log', ...CONFIG]);
    expect(stdout).toContain('1 command, on 1 key\n  keys: user:4\n');
    expect(stdout).toContain('Repaired. It can be read to its end: 16 records.');
  });

  test('repair tells that a Redis does not load what it has logged by a renamed name itself', async () => {
    const disk = renamedLog('multi-part', words('SET user:4 Dan PXAT 9999999999999'));
    const { status, stdout } = await run(disk, ['repair', '/log', ...CONFIG]);
    expect(status).toBe(0);
    expect(stdout).toContain(`SET in ${INCR}, at offset 468, line 99, is called STORE by the configuration: `);
  });
});

describe('a renamed MULTI and EXEC, as servers before Redis 7 log them', () => {
  const LOG = ['SET a 1', 'begin', 'SET b 2', 'done', 'SET c 3'].map(words).join('');
  const LINES = ['rename-command MULTI begin', 'rename-command EXEC done'];

  test('are a transaction for whoever knows it', async () => {
    const disk = ownLog(LOG + words('begin') + words('SET d 4'), ...LINES);
    const end = LOG.length;
    expect((await run(disk, ['check', '/log/appendonly.aof', ...CONFIG])).stdout).toContain(`ok_up_to=${end},`);
    const dumped = (await run(disk, ['dump', '/log', '--json', ...CONFIG])).stdout.trim().split('\n');
    const transactions = dumped.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'command');
    expect(transactions.map(({ transaction }) => transaction)).toEqual([null, 1, 1, 1, null, 2, 2]);
    expect((await run(disk, ['repair', '--dry-run', '/log', ...CONFIG])).stdout).toContain(
      `keep ${end} of ${end + words('begin').length + words('SET d 4').length} bytes; what follows is a transaction without its end`,
    );
    expect(await run(disk, ['restore', '/log', '--before', 'SET b', '--to', '/out', ...CONFIG])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('It loads: 1 key.'),
    });
    // Else --fix would keep what a server leaves out.
    await run(disk, ['check', '--fix', '/log/appendonly.aof', ...CONFIG], { answer: 'y' });
    expect(disk.status('/log/appendonly.aof')?.size).toBe(end);
  });
});

test('doctor goes by the names of the configuration that it examines', async () => {
  const disk = new SimDisk();
  disk.makeDirectory('/log');
  put(disk, [['appendonly.aof', Buffer.from(words(`STORE big ${'v'.repeat(11 * 1024 * 1024)}`))]], '/log/');
  const rest = 'dir /log\nappendonly yes\naof-layout single';
  configOn(disk, {
    'redis.conf': `${rest}\nrename-command SET store`,
    'swapped.conf': `${rest}\nrename-command GET ""\nrename-command SET GET`,
  });
  expect((await run(disk, ['doctor', '/conf/redis.conf'])).stdout).toContain('big takes about 12 MB');
  // Not the doctor's to refuse: a Redis takes it.
  const swapped = await run(disk, ['doctor', '/conf/swapped.conf']);
  expect(swapped.stdout).toContain('so that the log cannot be read by their names');
  expect(swapped.stdout).toContain('All of the log can be read');
});

test('records are renamed alike however they are cut', () => {
  const names = namesOf('rename-command SET STORE', 'rename-command DEL remove-it');
  const word = fc.stringMatching(/^[a-z]{0,6}$/);
  const line = fc.tuple(fc.constantFrom('SET', 'DEL', 'INCR', 'SELECT'), fc.array(word, { maxLength: 4 }));
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), cuts, (lines, pieces) => {
      const disk = new SimDisk();
      const file = new RenamedFile(disk.open('/f', 'truncate'), names);
      const bytes = Buffer.from(lines.map(([name, args]) => record(name, ...args)).join(''));
      const buffer = Buffer.alloc(64);
      for (let at = 0, i = 0; at < bytes.length; i++) {
        // As a writer does that uses its buffer again.
        const length = bytes.copy(buffer, 3, at, Math.min(bytes.length, at + (pieces[i % pieces.length] ?? 1)));
        expect(file.write(buffer, 3, length)).toBe(length);
        at += length;
      }
      file.close();
      const expected = lines.map(([name, args]) => record(names.written(name), ...args)).join('');
      expect(Buffer.from(disk.readFile('/f')).toString('latin1')).toBe(expected);
    }),
  );
});

const IS_THERE = hasOracle();
if (!IS_THERE)
  process.stderr.write('SKIPPED: no redis-server 7.0, so that it loads no log under rename-command: 1 test\n');

describe('redis-server with that configuration', () => {
  const RENAMES = ['FLUSHALL', 'WIPE', 'SET', 'STORE', 'CONFIG', ''];
  const LINES = [0, 2, 4].flatMap((i) => ['--rename-command', ...RENAMES.slice(i, i + 2)]);

  test.skipIf(!IS_THERE)('loads what was restored, converted, repaired and undone', async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'check-aof-renamed-')));
    const disk = new NodeDisk();
    const config = ['--config', new URL('redis.conf', FIXTURE).pathname];
    const log = join(folder, 'data', 'appendonlydir');
    fs.mkdirSync(log, { recursive: true });
    for (const name of [BASE, INCR, MANIFEST]) fs.writeFileSync(join(log, name), fixture(name));
    const check = async (...args: string[]): Promise<void> => {
      const { status, stdout, stderr } = await run(disk, [...args, ...config], { answer: 'y', nowMs: Date.now() });
      expect({ args, status, said: status === 0 ? '' : stdout + stderr }).toEqual({ args, status: 0, said: '' });
    };
    const asked = async (dir: string, ...commands: string[][]): Promise<string[]> => {
      const server = await RedisServer.start(dir, folder, ...LINES);
      try {
        return commands.map((command) => server.call(...command));
      } finally {
        await server.stop();
      }
    };
    try {
      const to = (name: string): string => join(folder, name);
      await check('restore', log, '--before', 'FLUSHALL', '--to', to('restored'));
      expect(await asked(to('restored'), ['GET', 'user:2'], ['GET', 'b'], ['DBSIZE'])).toEqual(['Len', '1', '6']);
      await check('convert', to('restored'), '--to', 'resp', '--out', to('resp'));
      const digest = await asked(to('restored'), ['DEBUG', 'DIGEST']);
      expect(await asked(to('resp'), ['DEBUG', 'DIGEST'])).toEqual(digest);
      await check('convert', to('restored'), '--to', 'resp', '--layout', 'single', '--out', to('one'));
      // It takes the single file into its own layout.
      expect(await asked(to('one'), ['DEBUG', 'DIGEST'])).toEqual(digest);
      await check('convert', to('restored'), '--to', 'redis-7.0', '--out', to('rdb'));
      expect(await asked(to('rdb'), ['DEBUG', 'DIGEST'])).toEqual(digest);

      fs.appendFileSync(join(log, INCR), `\0${words('STORE user:4 Dan')}${words('STORE user:5 Eve')}`);
      await check('repair', '--yes', '--salvage', log);
      expect(await asked(to('data'), ['GET', 'user:3'], ['GET', 'user:4'], ['DBSIZE'])).toEqual(['Cleo', 'Dan', '3']);
      expect((await run(disk, ['undo', log])).status).toBe(0);
      fs.truncateSync(join(log, INCR), fixture(INCR).length);
      expect(await asked(to('data'), ['GET', 'user:3'], ['DBSIZE'])).toEqual(['Cleo', '1']);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
