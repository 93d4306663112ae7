/** The harness itself: each kind of mistake must be found, and a script must shrink to what shows it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandSpec, Handler } from '../src/spec.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { type CompareOptions, firstMismatch, shrink } from './compare-run.ts';
import { generate, integer, key, value } from './generator.ts';
import { areSameRecords, readRecords } from './log-records.ts';
import { Oracle, oracleVersion } from './oracle.ts';
import { isSameReply } from './rules.ts';
import { formatStep, parseScript } from './script.ts';

/** The table with the handler of one command wrapped. */
function spoiled(name: string, spoil: (handler: Handler) => Handler): readonly CommandSpec[] {
  return ALL_COMMANDS.map((spec) =>
    spec.name === name && spec.handler ? { ...spec, handler: spoil(spec.handler) } : spec,
  );
}

/** A mistake of our side, a script that shows it, and what the report says. */
const MISTAKES: Readonly<Record<string, readonly [commands: readonly CommandSpec[], script: string, report: RegExp]>> =
  {
    'a wrong reply': [
      spoiled('strlen', () => (ctx) => ctx.reply.integer(0)),
      'SET k abc\nSTRLEN k',
      /replies differ at: STRLEN k/,
    ],
    'a wrong reply inside EXEC': [
      spoiled('strlen', () => (ctx) => ctx.reply.integer(0)),
      'SET k abc\nMULTI\nGET k\nSTRLEN k\nEXEC',
      /replies differ at: EXEC/,
    ],
    'a write that is not logged': [
      spoiled('incr', (handler) => (ctx, request) => {
        handler(ctx, request);
        ctx.propagateNothing();
      }),
      'INCR k',
      /log records differ/,
    ],
    'a record in the wrong case': [
      spoiled('getdel', (handler) => (ctx, request) => {
        handler(ctx, request);
        ctx.propagateNothing();
        ctx.propagate(['del', request.key(1)]);
      }),
      'SET k v\nGETDEL k',
      /log records differ/,
    ],
    'a record for the wrong database': [
      spoiled('getdel', (handler) => (ctx, request) => {
        handler(ctx, request);
        ctx.propagate(['DEL', request.key(1)], 3);
      }),
      'SET k v\nGETDEL k',
      /log records differ/,
    ],
    'data that differ without a trace': [
      spoiled('append', (handler) => (ctx, request) => {
        handler(ctx, request);
        ctx.db.setKeepTtl(request.key(1), 'spoiled');
      }),
      'SET k v\nAPPEND k w',
      /data differ\n.*0:k oracle: .*vw.*\n.*0:k ours: .*spoiled/,
    ],
    'an expiry that is lost': [
      spoiled('incr', (handler) => (ctx, request) => {
        handler(ctx, request);
        ctx.db.persist(request.key(1));
      }),
      'SET k 1 EX 100\nINCR k',
      /data differ/,
    ],
    'a record that loads otherwise': [
      spoiled('incr', (handler) => (ctx, request) => {
        if (!ctx.client.isLoader) handler(ctx, request);
      }),
      'INCR k',
      /our log makes other data/,
    ],
    'a key that should have expired': [
      spoiled('expire', () => (ctx) => {
        ctx.reply.integer(1);
        ctx.keyspace.dirty++;
        ctx.propagate(['DEL', 'k']);
      }),
      'SET k 1\nEXPIRE k -1',
      /0:k exists only in ours/,
    ],
  };

describe.skipIf(oracleVersion() === undefined)('a comparison', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await Oracle.start();
  });
  afterAll(() => oracle.stop());

  test.each(Object.entries(MISTAKES))('finds %s', async (_, [commands, script, expected]) => {
    const steps = parseScript(script);
    expect((await firstMismatch(oracle, steps, { commands }))?.text).toMatch(expected);
    expect(await firstMismatch(oracle, steps, {})).toBeUndefined();
  });

  test('shrinks a generated script to the steps that show the mistake', async () => {
    const commands = spoiled('decr', (handler) => (ctx, request) => {
      if (ctx.db.peek(request.key(1)) === '7') ctx.reply.integer(0);
      else handler(ctx, request);
    });
    const options: CompareOptions = { commands };
    const grammar = { set: [key('s'), integer(5, 8)], get: [key('s')], append: [key('t'), value], decr: [key('s')] };
    const steps = generate(5, { grammar, steps: 100 });
    const mismatch = await firstMismatch(oracle, steps, options);
    if (mismatch === undefined) throw new Error('the script does not show the mistake');
    const shortest = await shrink(oracle, mismatch, options);
    expect(shortest.steps.length).toBeLessThanOrEqual(2);
    expect(formatStep(shortest.steps.at(-1) ?? { sleepMs: 0 })).toMatch(/^decr /i);
  });
});

describe('a script', () => {
  test('is read as redis-cli reads lines', () => {
    const steps = parseScript(`
      # a comment
      SET "a b" 'c\\d' "\\x00\\n\\"" ""
      2> GET a
      sleep 5`);
    expect(steps).toEqual([
      { connection: 0, args: ['SET', 'a b', 'c\\d', '\0\n"', ''] },
      { connection: 2, args: ['GET', 'a'] },
      { sleepMs: 5 },
    ]);
    expect(parseScript(steps.map(formatStep).join('\n'))).toEqual(steps);
    expect(() => parseScript('SET "a')).toThrow('unbalanced');
  });

  test('is the same for the same seed', () => {
    const options = { grammar: { set: [key('s'), value] }, steps: 50, transactions: true };
    expect(generate(7, options)).toEqual(generate(7, options));
    expect(generate(7, options)).not.toEqual(generate(8, options));
  });
});

describe('rules', () => {
  const cases: readonly (readonly [Parameters<typeof isSameReply>, boolean])[] = [
    [['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:1\r\n', 'unordered'], true],
    [['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:2\r\n', 'unordered'], false],
    [['*2\r\n:1\r\n:2\r\n', '~2\r\n:1\r\n:2\r\n', 'unordered'], false],
    [['*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n', '*4\r\n:3\r\n:4\r\n:1\r\n:2\r\n', 'pairs'], true],
    [['*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n', '*4\r\n:2\r\n:1\r\n:3\r\n:4\r\n', 'pairs'], false],
    [[':100\r\n', ':102\r\n', { within: 2 }], true],
    [[':100\r\n', ':103\r\n', { within: 2 }], false],
    [[':-1\r\n', ':0\r\n', { within: 2 }], false],
    [['-ERR a\r\n', '-ERR b\r\n', 'shape'], false],
    [['$1\r\na\r\n', '$-1\r\n', 'shape'], false],
    [['$1\r\na\r\n', '$2\r\nbc\r\n', 'shape'], true],
  ];
  test.each(cases)('%j: %s', (args, same) => {
    expect(isSameReply(...args)).toBe(same);
  });
});

describe('records', () => {
  const record = (...args: string[]) => `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join('')}`;
  test('differ in time by no more than the clocks', () => {
    const at = (ms: number) => readRecords(record('SELECT', '3') + record('PEXPIREAT', 'k', String(ms)));
    expect(at(1_700_000_000_000)[0].database).toBe(3);
    expect(areSameRecords(at(1_700_000_000_000), at(1_700_000_000_900))).toBe(true);
    expect(areSameRecords(at(1_700_000_000_000), at(1_700_000_009_000))).toBe(false);
  });
  test('differ in numbers that are no times', () => {
    const at = (text: string) => readRecords(record('SET', 'k', text));
    expect(areSameRecords(at('1700000000000'), at('1700000000001'))).toBe(false);
  });
});
