/** Following a log that changes by hand: what comes, and what comes anew where nothing can be told for certain. */
import type { SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { isTailCursor, type TailCursor, type TailEvent, tailLog } from '../src/index.ts';
import { append, FOLDER, multiPartLog, put, record, records, SINGLE, singleLog } from './logs.ts';

const TEMPORARY = '/d/temp-rewriteaof-7.aof';
const rdbOf = (...keys: string[]): Buffer =>
  Buffer.concat([
    ...writeRdbSync(
      keys.map((key) => ({ kind: 'key', database: 0, key, expireAtMs: -1, type: 'string', value: 'v' }) as const),
      { target: 'redis-7.0', origin: { createdSec: 1 } },
    ),
  ]);

/** An event in a few words. */
function inWords(event: TailEvent): string {
  const text = ({ request, database }: Extract<TailEvent, { type: 'command' | 'snapshot-command' }>): string =>
    `${database}:${Array.from({ length: request.count }, (_, i) => request.latin1(i)).join(' ')}`;
  switch (event.type) {
    case 'command':
      return text(event);
    case 'snapshot-command':
      return `~${text(event)}`;
    case 'transaction':
      return `(${event.commands.map((command) => text({ type: 'command', cursor: event.cursor, ...command })).join(', ')})`;
    case 'entry':
      return `entry ${'key' in event.entry ? event.entry.key : event.entry.kind}`;
    case 'rewritten':
      return `rewritten: ${event.reason}`;
    default:
      return event.type;
  }
}

/** Follows while `steps` change the log, each when there is nothing more to tell. */
async function follow(disk: SimDisk, path: string, steps: readonly (() => void)[], cursor?: TailCursor) {
  const ending = new AbortController();
  const todo = [...steps];
  const words: string[] = [];
  let last: TailCursor | undefined;
  const wait = async (): Promise<void> => {
    const step = todo.shift();
    if (step === undefined) ending.abort();
    else step();
  };
  for await (const event of tailLog(disk, path, { cursor, wait, signal: ending.signal })) {
    if (event.type !== 'caught-up') words.push(inWords(event));
    if ('cursor' in event) last = JSON.parse(JSON.stringify(event.cursor));
  }
  if (!isTailCursor(last)) throw new Error('no cursor');
  return { words, cursor: last };
}

const nothing = (): void => {};

describe('a log of one file', () => {
  test('is told as a snapshot and what follows, and never in halves', async () => {
    const disk = singleLog(Buffer.concat([rdbOf('a', 'b'), records('SELECT 0', 'SET c 1')]));
    const whole = records('MULTI', 'SELECT 2', 'SET x 1', 'SET y 2', 'EXEC', 'SET z 3');
    const steps = Array.from(whole, (byte) => () => append(disk, SINGLE, Uint8Array.of(byte)));
    const { words } = await follow(disk, SINGLE, steps);
    expect(words).toEqual([
      'snapshot-begin',
      'entry a',
      'entry b',
      'snapshot-end',
      '0:SET c 1',
      '(2:SET x 1, 2:SET y 2)',
      '2:SET z 3',
    ]);
  });

  test('goes on at a cursor, with the database and the time it had', async () => {
    const disk = singleLog(records('#TS:5', 'SELECT 3', 'SET a 1'));
    const { cursor } = await follow(disk, SINGLE, []);
    expect(cursor).toMatchObject({ database: 3, atSeconds: 5 });
    append(disk, SINGLE, records('SET b 2'));
    expect((await follow(disk, SINGLE, [], cursor)).words).toEqual(['3:SET b 2']);
    expect((await follow(disk, '/d', [], cursor)).words).toEqual(['3:SET b 2']);
  });

  const base = rdbOf('a');
  const old = (...texts: string[]): Buffer => Buffer.concat([base, records(...texts)]);
  /** The rewrite in the order of its steps: the temporary file, what is written meanwhile, the switch. */
  const rewriting = (disk: SimDisk, { meanwhile, tail }: { meanwhile: string[]; tail: string[] }) => [
    () => put(disk, TEMPORARY, base),
    () => append(disk, SINGLE, records(...meanwhile)),
    () => {
      append(disk, TEMPORARY, records(...tail));
      disk.rename(TEMPORARY, SINGLE);
    },
  ];

  test('goes on behind what a rewrite carried over, with what came only there', async () => {
    const disk = singleLog(old('SELECT 0', 'SET a 1'));
    const steps = rewriting(disk, {
      meanwhile: ['SELECT 0', 'SET b 2', 'SET c 3'],
      tail: ['SELECT 0', 'SET b 2', 'SET c 3', 'SET d 4', 'SELECT 0', 'SET e 5'],
    });
    const { words, cursor } = await follow(disk, SINGLE, [...steps, () => append(disk, SINGLE, record('SET f 6'))]);
    expect(words.slice(3)).toEqual(
      ['SET a 1', 'SET b 2', 'SET c 3', 'file-changed', 'SET d 4', 'SET e 5', 'SET f 6'].map((word) =>
        word.startsWith('SET') ? `0:${word}` : word,
      ),
    );
    append(disk, SINGLE, record('SET g 7'));
    expect((await follow(disk, SINGLE, [], cursor)).words).toEqual(['0:SET g 7']);
  });

  test('goes on behind the base if nothing was written during the rewrite', async () => {
    const disk = singleLog(old('SELECT 0', 'SET a 1'));
    const steps = rewriting(disk, { meanwhile: [], tail: [] });
    const { words } = await follow(disk, SINGLE, [
      ...steps,
      () => append(disk, SINGLE, records('SELECT 0', 'SET a 1')),
    ]);
    expect(words.slice(3)).toEqual(['0:SET a 1', 'file-changed', '0:SET a 1']);
  });

  test('finds the place in a base of records, if something was written during the rewrite', async () => {
    const disk = singleLog(records('SELECT 0', 'SET a 1', 'SET b 2'));
    const steps = [
      () => put(disk, TEMPORARY, records('SELECT 0', 'SET a 1', 'SET b 2')),
      () => append(disk, SINGLE, records('SELECT 0', 'INCR n')),
      () => {
        append(disk, TEMPORARY, records('SELECT 0', 'INCR n', 'INCR n'));
        disk.rename(TEMPORARY, SINGLE);
      },
    ];
    const { words } = await follow(disk, SINGLE, steps);
    expect(words.slice(1)).toEqual([
      '~0:SET a 1',
      '~0:SET b 2',
      'snapshot-end',
      '0:INCR n',
      'file-changed',
      '0:INCR n',
    ]);
  });

  test('begins anew where a log that repeats itself does not tell how much was carried over', async () => {
    const disk = singleLog(old('SELECT 0', 'INCR n'));
    // Was the INCR in the new file the one before, or another one? Nothing tells.
    const steps = rewriting(disk, { meanwhile: [], tail: ['SELECT 0', 'INCR n'] });
    const { words } = await follow(disk, SINGLE, steps);
    expect(words.slice(3)).toEqual([
      '0:INCR n',
      'rewritten: ambiguous',
      'snapshot-begin',
      'entry a',
      'snapshot-end',
      '0:INCR n',
    ]);
  });

  test('begins anew after a rewrite that it has not seen, live or while it was away', async () => {
    const disk = singleLog(old('SELECT 0', 'SET a 1'));
    const rewrite = (): void => {
      put(disk, TEMPORARY, rdbOf('a', 'b'));
      disk.rename(TEMPORARY, SINGLE);
    };
    const anew = ['rewritten: gap', 'snapshot-begin', 'entry a', 'entry b', 'snapshot-end'];
    const { words, cursor } = await follow(disk, SINGLE, [rewrite]);
    expect(words.slice(4)).toEqual(anew);
    rewrite();
    expect((await follow(disk, SINGLE, [], cursor)).words).toEqual(anew);
  });

  test('begins anew if the log lost what was told, but not if it only writes a batch again', async () => {
    const disk = singleLog(records('SET a 1', 'SET b 2'));
    const cutTo = (bytes: Buffer) => () => {
      const file = disk.open(SINGLE, 'append');
      file.truncate(bytes.length);
      file.close();
    };
    const shorter = cutTo(records('SET a 1'));
    const again = () => append(disk, SINGLE, records('SET b 2', 'SET c 3'));
    const first = await follow(disk, SINGLE, [shorter, again]);
    expect(first.words.slice(4)).toEqual(['0:SET c 3']);
    const other = () => append(disk, SINGLE, records('SET x 7', 'SET y 8', 'SET z 9'));
    const second = await follow(disk, SINGLE, [shorter, nothing, other, nothing, nothing, nothing]);
    expect(second.words).toContain('rewritten: shrunk');
    shorter();
    expect((await follow(disk, SINGLE, [], first.cursor)).words[0]).toBe('rewritten: shrunk');
  });

  test('waits for a log that is moved, follows it where it is now, and ends if it is gone', async () => {
    const disk = singleLog(record('SET a 1'));
    const moveAway = (): void => disk.rename(SINGLE, '/elsewhere');
    const back = (): void => disk.rename('/elsewhere', SINGLE);
    const more = (): void => append(disk, SINGLE, record('SET b 2'));
    const { words } = await follow(disk, SINGLE, [moveAway, nothing, back, more]);
    expect(words.slice(3)).toEqual(['0:SET b 2']);
    // As the upgrade of a server does it.
    const upgrade = (): void => {
      disk.makeDirectory(FOLDER);
      disk.rename(SINGLE, `${FOLDER}/appendonly.aof`);
      put(disk, `${FOLDER}/appendonly.aof.manifest`, Buffer.from('file appendonly.aof seq 1 type b\n'));
    };
    expect((await follow(disk, '/d', [upgrade])).words).toContain('rewritten: replaced');
    await expect(follow(disk, SINGLE, [])).rejects.toMatchObject({ code: 'AOF_NO_LOG' });
    const gone = singleLog(record('SET a 1'));
    const steps = [() => gone.unlink(SINGLE), ...Array.from({ length: 60 }, () => nothing)];
    await expect(follow(gone, SINGLE, steps)).rejects.toMatchObject({ code: 'AOF_NO_LOG' });
  });

  test('ends between two events when it is told to, wherever it is', async () => {
    const disk = singleLog(records('SET a 1', 'SET b 2', 'SET c 3'));
    const ending = new AbortController();
    const words: string[] = [];
    for await (const event of tailLog(disk, SINGLE, { signal: ending.signal, pollMs: 1 })) {
      words.push(inWords(event));
      if (words.length === 2) ending.abort();
    }
    expect(words).toEqual(['snapshot-begin', '~0:SET a 1']);
    const waiting = new AbortController();
    for await (const event of tailLog(disk, SINGLE, { signal: waiting.signal, pollMs: 1_000_000 })) {
      if (event.type === 'caught-up') setTimeout(() => waiting.abort(), 1);
    }
  });

  test('ends with a typed error where there is no record', async () => {
    const disk = singleLog(records('SET a 1'));
    const following = follow(disk, SINGLE, [() => append(disk, SINGLE, Buffer.from('garbage'))]);
    await expect(following).rejects.toMatchObject({
      code: 'AOF_RECORD_PREFIX',
      goodEndOffset: record('SET a 1').length,
    });
    await expect(follow(disk, '/none', [])).rejects.toMatchObject({ code: 'AOF_NO_LOG' });
  });
});

describe('a log of several files', () => {
  const BASE = 'a.aof.1.base.rdb';
  const INCR = 'a.aof.1.incr.aof';
  const NEXT = 'a.aof.2.incr.aof';
  const log = (...texts: string[]): SimDisk => multiPartLog({ [BASE]: rdbOf('k'), [INCR]: records(...texts) });
  const manifest = (disk: SimDisk, ...lines: string[]): void => {
    put(disk, '/d/m', Buffer.from(lines.map((line) => `file ${line}\n`).join('')));
    disk.rename('/d/m', `${FOLDER}/appendonly.aof.manifest`);
  };
  const [base, first, second] = [`${BASE} seq 1 type b`, `${INCR} seq 1 type i`, `${NEXT} seq 2 type i`];

  test('goes on from file to file, each from database 0', async () => {
    const disk = log('SELECT 4', 'SET a 1');
    const steps = [
      () => {
        put(disk, `${FOLDER}/${NEXT}`, new Uint8Array(0));
        append(disk, `${FOLDER}/${INCR}`, record('SET b 2'));
        manifest(disk, base, first, second);
      },
      () => append(disk, `${FOLDER}/${NEXT}`, records('SET c 3', 'SELECT 5', 'SET d 4')),
      () => {
        put(disk, `${FOLDER}/a.aof.2.base.rdb`, rdbOf('k'));
        manifest(disk, 'a.aof.2.base.rdb seq 2 type b', second);
        disk.unlink(`${FOLDER}/${BASE}`);
        disk.unlink(`${FOLDER}/${INCR}`);
        append(disk, `${FOLDER}/${NEXT}`, record('SET e 5'));
      },
    ];
    const { words, cursor } = await follow(disk, FOLDER, steps);
    expect(words).toEqual([
      'snapshot-begin',
      'entry k',
      'snapshot-end',
      '4:SET a 1',
      '4:SET b 2',
      'file-changed',
      '0:SET c 3',
      '5:SET d 4',
      '5:SET e 5',
    ]);
    expect((await follow(disk, '/d', [], cursor)).words).toEqual([]);
  });

  test('begins anew if its file is not listed any more, live or while it was away', async () => {
    const disk = log('SET a 1');
    const skip = (): void => {
      put(disk, `${FOLDER}/${NEXT}`, record('SET b 2'));
      manifest(disk, base, second);
    };
    const anew = ['rewritten: gap', 'snapshot-begin', 'entry k', 'snapshot-end', '0:SET b 2'];
    const before = await follow(disk, FOLDER, []);
    expect((await follow(disk, FOLDER, [skip])).words.slice(4)).toEqual(anew);
    expect((await follow(disk, FOLDER, [], before.cursor)).words).toEqual(anew);
  });

  test('refuses to go on behind half a record, or half a transaction', async () => {
    for (const [bytes, code] of [
      [Buffer.from('*2\r\n'), 'AOF_TRUNCATED'],
      [record('MULTI'), 'AOF_UNFINISHED_TRANSACTION'],
    ] as const) {
      const disk = log('SET a 1');
      const step = (): void => {
        append(disk, `${FOLDER}/${INCR}`, bytes);
        put(disk, `${FOLDER}/${NEXT}`, record('SET b 2'));
        manifest(disk, base, first, second);
      };
      await expect(follow(disk, FOLDER, [step])).rejects.toMatchObject({ code });
    }
  });

  test('tells a base of records as the snapshot, and waits for the first incr file', async () => {
    const disk = multiPartLog({ 'a.aof.1.base.aof': records('SELECT 1', 'MULTI', 'SET a 1', 'EXEC') });
    const step = (): void => {
      put(disk, `${FOLDER}/${INCR}`, record('SET b 2'));
      manifest(disk, 'a.aof.1.base.aof seq 1 type b', first);
    };
    expect((await follow(disk, FOLDER, [nothing, step])).words).toEqual([
      'snapshot-begin',
      '~1:SET a 1',
      'snapshot-end',
      'file-changed',
      '0:SET b 2',
    ]);
  });

  test('begins anew if the log has another layout by now', async () => {
    const disk = singleLog(record('SET a 1'));
    const { cursor } = await follow(disk, SINGLE, []);
    const other = log('SET b 2');
    expect((await follow(other, FOLDER, [], cursor)).words[0]).toBe('rewritten: replaced');
  });
});

test('a cursor is told from what is none', () => {
  const cursor = { version: 1, layout: 'single', file: 'a', fileId: '1', fileOffset: 0, database: 0, before: '' };
  expect(isTailCursor(cursor)).toBe(true);
  for (const change of [{ version: 2 }, { layout: 'x' }, { fileOffset: -0.5 }, { before: 1 }, { atSeconds: 'x' }]) {
    expect(isTailCursor({ ...cursor, ...change })).toBe(false);
  }
  expect([isTailCursor(undefined), isTailCursor('x'), isTailCursor(null)]).toEqual([false, false, false]);
});
