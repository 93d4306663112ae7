/** Going back in time: where the log ends, what is left out, what is refused; and that the log itself is never touched. */

import { writeRdbSync } from '@aof/rdb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeText } from '../src/restore-time.ts';
import { put } from './corpus.ts';
import {
  BASE,
  contentsBelow,
  diskOf,
  document,
  FLUSHED,
  INCR,
  INCR_2,
  LOG,
  loaded,
  OUT,
  record,
  restored,
  run,
  SELECT,
  set,
} from './restore-rig.ts';

describe('--before', () => {
  test('the last one, in any spelling', async () => {
    const { answer, commands, disk } = await restored(FLUSHED, '--before', 'FLUSHALL');
    expect(commands).toEqual(['SET old 1', 'SET a 1', 'FLUSHALL', 'SET b 1', 'SET c 1']);
    expect(answer).toMatchObject({
      status: 0,
      layout: 'multi-part',
      form: 'copy',
      kept: { commands: 5 },
      leftOut: { commands: 3, keys: 1, keyNames: ['d'], first: { text: 'flushall ASYNC', file: INCR_2 } },
      start: 'redis-server --dir /restored --appendonly yes',
    });
    expect((await loaded(disk, OUT)).keys).toEqual(['0/b', '0/c']);
  });

  test('the first one: what a later file holds is left out with it', async () => {
    const { answer, commands, disk } = await restored(FLUSHED, '--before', 'flushall', '--nth', '1');
    expect(commands).toEqual(['SET old 1', 'SET a 1']);
    expect(answer).toMatchObject({ leftOut: { commands: 6, keys: 3, keyNames: ['b', 'c', 'd'] } });
    expect(contentsBelow(disk, OUT).has(`${OUT}/appendonlydir/${INCR_2}`)).toBe(false);
  });

  test('two words', async () => {
    const files = {
      [INCR]: record('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM') + record('XGROUP', 'DESTROY', 's', 'g'),
    };
    const { commands } = await restored(files, '--before', 'xgroup destroy');
    expect(commands).toEqual(['XGROUP CREATE s g 0 MKSTREAM']);
  });

  test.each([
    [['--before', 'FLUSHDB'], 'There is no FLUSHDB in this log'],
    [['--before', 'FLUSHALL', '--nth', '3'], 'There are only 2 FLUSHALL in this log, not 3'],
  ])('%j: there is none', async (args, message) => {
    const { answer } = await restored(FLUSHED, ...args);
    expect(answer).toMatchObject({ status: 5, code: 'RESTORE_NO_SUCH_COMMAND', error: message });
  });

  test('what a rewrite has removed is said to be gone', async () => {
    const { answer } = await restored({ [BASE]: `#TS:1000\r\n${set('k')}` }, '--before', 'FLUSHALL');
    expect(answer.error).toContain('which begins with the data set as it was at 1970-01-01T00:16:40Z');
    expect(answer.hint).toContain('rewrite');
  });
});

describe('a transaction', () => {
  const TRANSACTION = record('MULTI') + set('x') + record('FLUSHALL') + set('y') + record('EXEC');
  const files = { [INCR]: SELECT + set('a') + TRANSACTION + set('z') };

  test('with the command in it is left out as a whole', async () => {
    const { answer, commands } = await restored(files, '--before', 'FLUSHALL');
    expect(commands).toEqual(['SET a 1']);
    expect(answer).toMatchObject({ leftOut: { commands: 4, keyNames: ['x', 'y', 'z'], first: { text: 'SET x 1' } } });
  });

  test('that the offset is in is left out as a whole; one that ends there is kept', async () => {
    const start = SELECT.length + set('a').length;
    const end = start + TRANSACTION.length;
    for (const offset of [start, start + 20, end - 1]) {
      const { commands } = await restored(files, '--before-offset', String(offset));
      expect(commands).toEqual(['SET a 1']);
    }
    const { commands } = await restored(files, '--before-offset', String(end));
    expect(commands).toEqual(['SET a 1', 'SET x 1', 'FLUSHALL', 'SET y 1']);
  });

  test('without its EXEC is left out, and said to be', async () => {
    const { answer, commands } = await restored({ [INCR]: SELECT + set('a') + record('MULTI') + set('x') });
    expect(commands).toEqual(['SET a 1']);
    expect(answer).toMatchObject({ unfinishedEnd: { offset: SELECT.length + set('a').length } });
  });

  test('with a command in it that is not finished does not count', async () => {
    const open = record('MULTI') + record('FLUSHALL');
    const { answer } = await restored({ [INCR]: SELECT + set('a') + open }, '--before', 'FLUSHALL');
    expect(answer.code).toBe('RESTORE_NO_SUCH_COMMAND');
  });
});

describe('--before-offset', () => {
  test.each([
    [INCR, 0, ['SET old 1']],
    [INCR, SELECT.length, ['SET old 1']],
    [INCR, SELECT.length + set('a').length, ['SET old 1', 'SET a 1']],
    [INCR_2, 0, ['SET old 1', 'SET a 1', 'FLUSHALL', 'SET b 1']],
    [BASE, 0, []],
  ])('%s at %i', async (file, offset, expected) => {
    const { commands } = await restored(FLUSHED, '--before-offset', String(offset), '--file', file);
    expect(commands).toEqual(expected);
  });

  test('before everything there is a log without commands, which a server starts from', async () => {
    const { disk } = await restored(FLUSHED, '--before-offset', '0', '--file', BASE);
    expect(contentsBelow(disk, OUT)).toEqual(
      new Map([
        [`${OUT}/appendonlydir/${BASE}`, ''],
        [`${OUT}/appendonlydir/appendonly.aof.manifest`, `file ${BASE} seq 1 type b\n`],
      ]),
    );
  });

  test('at the very end keeps all', async () => {
    const { commands, answer } = await restored(FLUSHED, '--before-offset', String(FLUSHED[INCR_2].length));
    expect(commands).toHaveLength(8);
    expect(answer).toMatchObject({ leftOut: { commands: 0 }, leftOutBytes: 0 });
  });

  test.each([
    [['--before-offset', '9999'], 'bytes; there is nothing at offset 9999'],
    [['--before-offset', '1', '--file', 'other.aof'], 'The log has no file other.aof'],
  ])('%j is refused', async (args, message) => {
    const { answer } = await restored(FLUSHED, ...args);
    expect(answer.code).toBe('RESTORE_BAD_OFFSET');
    expect(answer.error).toContain(message);
  });
});

/** One thing that a server did: at a second, with the words of its commands. Several are a transaction. */
interface Done {
  readonly second: number;
  readonly keys: readonly string[];
}

/** As a server writes it: an annotation where the second is another one. */
function logOf(history: readonly Done[], from: number): string {
  let second = from;
  return history
    .map((done) => {
      const annotation = done.second === second ? '' : `#TS:${done.second}\r\n`;
      second = done.second;
      const commands = done.keys.map((key) => set(key)).join('');
      return annotation + (done.keys.length > 1 ? record('MULTI') + commands + record('EXEC') : commands);
    })
    .join('');
}

describe('--at', () => {
  const START = 1_795_228_000;

  test('gives exactly the commands up to that second, as a naive reading of the history does', async () => {
    const step = fc.record({
      pause: fc.nat(3),
      keys: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }),
    });
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.nat(30),
        fc.integer({ min: -3, max: 60 }),
        async (steps, split, at) => {
          let second = START;
          const history = steps.map(({ pause, keys }): Done => {
            second += pause;
            return { second, keys: keys.map((key, i) => `${key}${second}.${i}`) };
          });
          const asked = START + at;
          const { answer, commands } = await restored(
            {
              [BASE]: `#TS:${START}\r\n${SELECT}${set('old')}`,
              [INCR]: SELECT + logOf(history.slice(0, split), START),
              [INCR_2]: SELECT + logOf(history.slice(split), START),
            },
            '--at',
            at % 2 === 0 ? String(asked) : timeText(asked),
          );
          if (asked < START) {
            expect(answer.code).toBe('RESTORE_TIME_GONE');
            return;
          }
          const kept = history.filter((done) => done.second <= asked);
          if (kept.length > 0 && kept.length < history.length) cuts++;
          expect(commands).toEqual(['SET old 1', ...kept.flatMap(({ keys }) => keys.map((key) => `SET ${key} 1`))]);
          expect(answer.leftOut).toMatchObject({
            commands: history.filter((done) => done.second > asked).reduce((sum, { keys }) => sum + keys.length, 0),
          });
        },
      ),
      { numRuns: 150, seed: 7 },
    );
    expect(cuts).toBeGreaterThan(20);
  });

  test('a transaction in which the second changes belongs to the later one', async () => {
    const files = {
      [INCR]: `#TS:100\r\n${set('a')}${record('MULTI')}${set('b')}#TS:101\r\n${set('c')}${record('EXEC')}`,
    };
    expect((await restored(files, '--at', '100')).commands).toEqual(['SET a 1']);
    expect((await restored(files, '--at', '101')).commands).toEqual(['SET a 1', 'SET b 1', 'SET c 1']);
  });

  test('where the clock went back, the order of the commands decides, and it is said', async () => {
    const files = { [INCR]: `#TS:100\r\n${set('a')}#TS:105\r\n${set('b')}#TS:99\r\n${set('c')}` };
    const { answer, commands } = await restored(files, '--at', '103');
    expect(commands).toEqual(['SET a 1']);
    expect(answer.times).toMatchObject({ stepsBack: 1, last: '1970-01-01T00:01:45Z' });
  });

  test('without times: says how to have them', async () => {
    const { answer } = await restored(FLUSHED, '--at', '100');
    expect(answer).toMatchObject({ status: 5, code: 'RESTORE_NO_TIMES' });
    expect(answer.hint).toContain('aof-timestamp-enabled yes');
  });

  test('before the base: says what is still there', async () => {
    const files = { [BASE]: `#TS:1000\r\n${set('a')}`, [INCR]: `#TS:1010\r\n${set('b')}` };
    const { answer } = await restored(files, '--at', '999');
    expect(answer).toMatchObject({ code: 'RESTORE_TIME_GONE' });
    expect(answer.hint).toContain('Still there: 1970-01-01T00:16:40Z and everything since');
    expect(answer.hint).toContain('look for a copy of the files from before the rewrite');
    // The base alone is what was there until the next command.
    expect((await restored(files, '--at', '1005')).commands).toEqual(['SET a 1']);
  });

  test('before the base: names the files from before that are still there', async () => {
    const disk = diskOf({ 'appendonly.aof.2.base.aof': `#TS:1000\r\n${set('a')}` });
    for (const [name, content] of [
      ['appendonly.aof.1.base.aof', set('x')],
      [
        'appendonly.aof.manifest',
        'file appendonly.aof.2.base.aof seq 2 type b\nfile appendonly.aof.1.base.aof seq 1 type h\n',
      ],
    ] as const)
      put(disk, [[`${LOG}/${name}`, Buffer.from(content)]]);
    for (const args of [
      ['--at', '999'],
      ['--before', 'FLUSHALL'],
    ]) {
      const { hint } = await document(disk, ['restore', '/data', '--to', OUT, ...args]);
      expect(hint).toContain('still there, until a server starts: appendonly.aof.1.base.aof. Copy them away now.');
    }
  });

  test('among commands without times: does not guess', async () => {
    const files = { [BASE]: SELECT + set('old'), [INCR]: `${SELECT}${set('a')}#TS:1010\r\n${set('b')}` };
    const { answer } = await restored(files, '--at', '1005');
    expect(answer).toMatchObject({ code: 'RESTORE_TIME_UNKNOWN' });
    expect(answer.hint).toContain('Still there: 1970-01-01T00:16:50Z to 1970-01-01T00:16:50Z');
    expect((await restored(files, '--at', '1010')).commands).toEqual(['SET old 1', 'SET a 1', 'SET b 1']);
  });
});

/** An RDB file without keys that says when it was written. */
function rdbBase(createdSec: number): Buffer {
  return Buffer.concat([...writeRdbSync([], { target: 'redis-7.0', origin: { createdSec, isAofBase: true } })]);
}

describe('--at, on an RDB base', () => {
  const BASE_RDB = 'appendonly.aof.1.base.rdb';

  test('before it: what is still there', async () => {
    const { answer } = await restored({ [BASE_RDB]: rdbBase(1000), [INCR]: `#TS:1010\r\n${set('b')}` }, '--at', '999');
    expect(answer).toMatchObject({ code: 'RESTORE_TIME_GONE' });
    const between = await restored({ [BASE_RDB]: rdbBase(1000), [INCR]: `#TS:1010\r\n${set('b')}` }, '--at', '1000');
    expect(between.commands).toEqual([]);
  });

  test('commands of the second of the rewrite bear no time: says how to have them, and that has them', async () => {
    const files = { [BASE_RDB]: rdbBase(1000), [INCR]: `${SELECT}${set('a')}#TS:1010\r\n${set('b')}` };
    const { answer } = await restored(files, '--at', '1005');
    expect(answer).toMatchObject({ code: 'RESTORE_TIME_UNKNOWN' });
    const advice = /--before-offset \d+ --file \S+incr\.aof/.exec(String(answer.hint))?.[0] ?? '';
    expect((await restored(files, ...advice.split(' '))).commands).toEqual(['SET a 1']);
  });
});

describe('damage', () => {
  const bad = `${SELECT}${set('a')}\0\0\0${set('b')}`;

  test('before the place ends it, with advice', async () => {
    for (const args of [[], ['--before', 'SET'], ['--before', 'FLUSHALL']]) {
      const { answer } = await restored({ [INCR]: bad, [INCR_2]: SELECT + set('c') }, ...args);
      expect(answer).toMatchObject({
        status: 5,
        code: 'RESTORE_DAMAGED',
        errorOffset: SELECT.length + set('a').length,
      });
      expect(answer.hint).toMatch(/check-aof repair.*--up-to-damage/);
    }
  });

  test('behind the place does not matter', async () => {
    const { answer, commands } = await restored(
      { [INCR]: bad },
      '--before-offset',
      String(SELECT.length + set('a').length - 1),
    );
    expect(commands).toEqual([]);
    expect(answer).toMatchObject({ status: 0, damage: { offset: SELECT.length + set('a').length } });
  });

  test('is where it ends with --up-to-damage', async () => {
    const { answer, commands } = await restored({ [INCR]: bad, [INCR_2]: SELECT + set('c') }, '--up-to-damage');
    expect(commands).toEqual(['SET a 1']);
    expect(answer).toMatchObject({ status: 0, cut: { file: INCR, offset: SELECT.length + set('a').length } });
  });

  test('a file that is not the last and ends in half a record is damaged; the last one is not', async () => {
    const half = SELECT + set('a') + set('b').slice(0, -4);
    expect((await restored({ [INCR]: half, [INCR_2]: SELECT })).answer.code).toBe('RESTORE_DAMAGED');
    const { answer, commands } = await restored({ [INCR]: half });
    expect(commands).toEqual(['SET a 1']);
    expect(answer).toMatchObject({ unfinishedEnd: { offset: SELECT.length + set('a').length } });
  });

  test('a damaged RDB part cannot be restored from, whatever is asked for', async () => {
    const { answer } = await restored(
      { 'appendonly.aof.1.base.rdb': 'REDIS0010\xfe\0\0\x01k', [INCR]: SELECT },
      '--up-to-damage',
    );
    expect(answer).toMatchObject({ code: 'RESTORE_DAMAGED' });
  });

  test('a file that is gone', async () => {
    const disk = diskOf(FLUSHED);
    disk.unlink(`${LOG}/${INCR}`);
    expect(await document(disk, ['restore', '/data', '--to', OUT])).toMatchObject({ code: 'RESTORE_DAMAGED' });
  });
});

test('a server that rewrites its log meanwhile takes nothing away', async () => {
  for (const args of [[], ['--target', 'resp']]) {
    const disk = diskOf(FLUSHED);
    let isRewritten = false;
    const progress = (): void => {
      if (isRewritten) return;
      isRewritten = true;
      for (const name of disk.list(LOG)) disk.unlink(`${LOG}/${name}`);
    };
    const { status } = await run(disk, ['restore', '/data', '--to', OUT, '--before', 'FLUSHALL', ...args], {
      progress,
    });
    expect({ status, isRewritten }).toEqual({ status: 0, isRewritten: true });
    expect((await loaded(disk, OUT)).keys).toEqual(['0/b', '0/c']);
  }
});

test('nor does it look like damage to --strict', async () => {
  const disk = diskOf(FLUSHED);
  let isRewritten = false;
  const progress = (): void => {
    if (!isRewritten) for (const name of disk.list(LOG)) disk.unlink(`${LOG}/${name}`);
    isRewritten = true;
  };
  const { status, stdout } = await run(disk, ['--strict', LOG], { progress });
  expect({ status, isRewritten }).toEqual({ status: 0, isRewritten: true });
  expect(stdout).toMatch(/^3 files, 11 records, 1 key:/);
});

test('--before-offset at every byte keeps the units that end there or before', async () => {
  const units = [SELECT, set('a'), record('MULTI') + set('b') + record('EXEC'), `#TS:5\r\n${set('c')}`];
  const text = units.join('');
  for (let offset = 0; offset <= text.length; offset++) {
    const disk = diskOf({ [INCR]: text });
    await run(disk, ['restore', '/data', '--to', OUT, '--before-offset', String(offset), '--layout', 'single']);
    let end = 0;
    const kept = units.filter((unit) => {
      end += unit.length;
      return end <= offset;
    });
    const found = Buffer.from(disk.status(`${OUT}/appendonly.aof`) ? disk.readFile(`${OUT}/appendonly.aof`) : '');
    expect(found.toString('latin1')).toBe(kept.join(''));
  }
});

describe('of the keys', () => {
  const MIXED = {
    [INCR]:
      `${SELECT}${set('user:1')}${record('RENAME', 'user:1', 'user:2')}${record('MSET', 'user:3', 'x', 'other', 'y')}` +
      `${record('RENAME', 'other', 'gone')}${record('SELECT', '3')}${record('RPUSH', 'user:4', 'a')}${record('COPY', 'user:4', 'copy')}`,
  };

  test('those that match, whatever commands made them', async () => {
    const { disk, answer } = await restored(MIXED, '--only', 'user:[23]', '--only', 'cop?');
    expect((await loaded(disk, OUT)).keys).toEqual(['0/user:2', '0/user:3', '3/copy']);
    expect(answer).toMatchObject({ form: 'rdb', keys: { kept: 3, leftOut: 2, expired: 0 } });
  });

  test('those of a database', async () => {
    const { disk, answer } = await restored(MIXED, '--db', '3', '--only', 'user:*');
    expect((await loaded(disk, OUT)).keys).toEqual(['3/user:4']);
    expect(answer).toMatchObject({ keys: { kept: 1, leftOut: 4 } });
  });

  test('commands that cannot be replayed are refused, or counted', async () => {
    const files = { [INCR]: SELECT + set('a') + record('BF.ADD', 'filter', 'x') };
    const { answer } = await restored(files, '--only', 'a');
    expect(answer).toMatchObject({ status: 5, code: 'RESTORE_UNKNOWN_COMMANDS' });
    expect(answer.error).toContain('BF.ADD (1)');
    const skipping = await restored(files, '--only', 'a', '--skip-unknown');
    expect(skipping.answer).toMatchObject({ losses: { command: { count: 1, examples: ['BF.ADD'] } } });
    const many = Array.from({ length: 30 }, (_, i) => record(`X.${i}`, 'k')).join('');
    expect((await restored({ [INCR]: many }, '--only', 'a')).answer.error).toMatch(/X\.9 \(1\), others \(20\)$/);
    // A copy holds them all the same.
    const copy = await restored(files);
    expect(copy.answer).toMatchObject({ notReplayed: 1 });
    expect(copy.commands).toContain('BF.ADD filter x');
  });
});

test('a manifest that is none is told as such, and never as a log of records', async () => {
  const disk = diskOf(FLUSHED);
  put(disk, [[`${LOG}/appendonly.aof.manifest`, Buffer.from('garbage\n')]]);
  const before = contentsBelow(disk, '/data');
  for (const path of ['/data', LOG]) {
    for (const args of [
      ['check', path],
      ['--fix', path],
      ['--strict', path],
    ]) {
      const { status, stdout } = await run(disk, args);
      expect({ args, status, isTold: /manifest file format/i.test(stdout) }).toEqual({ args, status: 1, isTold: true });
      expect(stdout).not.toMatch(/--fix option|shrink/);
    }
    for (const args of [
      ['explain', path],
      ['dump', path],
      ['history', path, 'a'],
      ['restore', path, '--dry-run'],
    ]) {
      const { status, stdout } = await run(disk, args);
      expect({ args, status, isTold: /manifest file format/i.test(stdout) }).toEqual({ args, status: 5, isTold: true });
    }
  }
  expect(contentsBelow(disk, '/data')).toEqual(before);
});
