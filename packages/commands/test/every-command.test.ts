/**
 * No command is forgotten: each that a real server lists is compared with it, here with arguments at random from its syntax,
 * or in a test of its own, or it stands in the table of DIFFERENCES.md with the reason why not.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Argument, parseArguments } from '../src/argument-tree.ts';
import type { CommandSpec } from '../src/spec.ts';
import { SYNTAX } from '../src/syntax.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { partOf } from './argument-grammar.ts';
import { differentialGenerated } from './differential.ts';
import { OTHER_TYPES, type TypeLetter } from './generator.ts';
import { Oracle, oracleVersion, reportSkipped } from './oracle.ts';
import { type ReplyTree, textsOf } from './reply-tree.ts';
import type { ReplyRule } from './rules.ts';
import { STREAM_OPTIONS } from './stream-rules.ts';

const ROOT = new URL('../../../', import.meta.url);
const DIFFERENCES = new URL('../DIFFERENCES.md', import.meta.url);
const SERVER_TESTS = 'apps/server/test/differential/server-commands.test.ts';

/** Commands that a test of their own compares, because they are about the connection or the server, or leave things to chance. */
const COMPARED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  [SERVER_TESTS]: [
    'auth',
    'client',
    'client|getname',
    'client|id',
    'client|kill',
    'client|list',
    'client|no-evict',
    'client|reply',
    'client|setname',
    'config',
    'config|get',
    'config|resetstat',
    'config|rewrite',
    'config|set',
    'debug',
    'dbsize',
    'hello',
    'info',
    'lastsave',
    'reset',
    'select',
    'time',
    'bgrewriteaof',
    'shutdown',
  ],
  'apps/server/test/differential/blocking.test.ts': ['client|unblock'],
  'apps/server/test/differential/dump-restore.test.ts': ['dump', 'restore'],
  'packages/commands/test/command.test.ts': [
    'command',
    'command|count',
    'command|docs',
    'command|getkeys',
    'command|getkeysandflags',
    'command|info',
    'command|list',
  ],
  'packages/commands/test/transaction.test.ts': ['multi', 'exec', 'discard', 'watch', 'unwatch'],
  'packages/commands/test/monitoring.test.ts': [
    'latency',
    'latency|doctor',
    'latency|graph',
    'latency|histogram',
    'latency|history',
    'latency|latest',
    'latency|reset',
    'memory|doctor',
    'memory|malloc-stats',
    'memory|purge',
    'memory|stats',
    'slowlog',
    'slowlog|get',
    'slowlog|len',
    'slowlog|reset',
  ],
  'packages/commands/test/memory.test.ts': ['memory', 'memory|usage'],
  'packages/commands/test/generic.test.ts': ['object|refcount'],
  'packages/commands/test/object.test.ts': ['object', 'object|freq', 'object|idletime'],
  'packages/commands/test/bitmap.test.ts': ['bitfield'],
  'packages/commands/test/sort.test.ts': ['sort', 'sort_ro'],
  'packages/commands/test/set.test.ts': ['spop', 'srandmember'],
  'packages/commands/test/hash.test.ts': ['hrandfield'],
  'packages/commands/test/sorted-set.test.ts': ['zrandmember', 'zrank', 'zrevrank'],
  'packages/commands/test/hyperloglog.test.ts': ['pfdebug', 'pfselftest'],
  'packages/commands/test/stream.test.ts': ['xadd', 'xinfo', 'xgroup'],
  'packages/commands/test/stream-group.test.ts': ['xautoclaim'],
};

const LETTERS: Readonly<Partial<Record<CommandSpec['group'], TypeLetter>>> = {
  string: 's',
  bitmap: 's',
  hyperloglog: 'p',
  list: 'l',
  set: 't',
  hash: 'h',
  'sorted-set': 'z',
  geo: 'g',
  stream: 'x',
};

const PRELUDE: readonly (readonly string[])[] = [
  ...OTHER_TYPES,
  ['SET', 's1', '10'],
  ['SET', 's2', 'hello world'],
  ['RPUSH', 'l2', '3', '1', '2'],
  ['SADD', 't2', '1', '2', '3'],
  ['HSET', 'h2', 'f', '5', 'h', 'y'],
  ['ZADD', 'z2', '1', 'a', '3', 'c', '5', 'd'],
  ['ZADD', 'z3', '0', 'a', '0', 'b', '0', 'c'],
  ['GEOADD', 'g1', '13.361389', '38.115556', 'Palermo', '15.087269', '37.502669', 'Catania'],
  ['PFADD', 'p1', 'a', 'b', 'c'],
  ['PFADD', 'p2', 'c', 'd'],
  ...[1, 3, 5, 7, 9].map((ms) => ['XADD', 'x1', `${ms}-1`, 'f', String(ms)]),
  ['XGROUP', 'CREATE', 'x1', 'g', '0'],
  ['XGROUP', 'CREATE', 'x1', 'h', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '3', 'STREAMS', 'x1', '>'],
  ['EXPIRE', 's2', '5000'],
];
const SCRIPTS = 6;
const MIN_STEPS = 30;
const STEPS_PER_COMMAND = 10;

const VERSION = oracleVersion();
const elsewhere = new Map(
  Object.entries(COMPARED_ELSEWHERE).flatMap(([file, names]) => names.map((name) => [name, file] as const)),
);
const specs = new Map(
  ALL_COMMANDS.flatMap((spec) => [
    [spec.name, spec] as const,
    ...(spec.subcommands ?? []).map((sub) => [`${spec.name}|${sub.name}`, sub] as const),
  ]),
);

interface Row {
  readonly name: string;
  readonly reason: string;
}

/** The rows of the table below a heading of DIFFERENCES.md: names, in which `*` stands for any rest, and the reason. */
function rowsBelow(heading: string): Row[] {
  const [, section = ''] = readFileSync(DIFFERENCES, 'utf8').split(`\n## ${heading}\n`);
  return (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [, names = '', reason = ''] = line.split('|').map((cell) => cell.trim());
      return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ name: name.replace(' ', '|'), reason }));
    });
}

const exceptions = rowsBelow('Commands that are not compared');
const onlyHere = rowsBelow('Commands that 7.0 does not have');

function isIn(rows: readonly Row[], name: string): boolean {
  return rows.some((row) => (row.name.endsWith('*') ? name.startsWith(row.name.slice(0, -1)) : name === row.name));
}

const generated = [...specs].filter(
  ([name, { handler }]) => handler && !elsewhere.has(name) && !isIn(exceptions, name) && !isIn(onlyHere, name),
);

/** The arguments that 7.0 takes. */
function argumentsOf(name: string): readonly Argument[] {
  return parseArguments(SYNTAX[name] ?? '').filter(({ since = '' }) => !since.startsWith('7.2'));
}

/** Of more milliseconds than 63 bits hold the one says that they are negative, the other that they are too many. */
const anyTimeoutError: ReplyRule = (oracle, ours) => withoutSign(oracle) === withoutSign(ours);

function withoutSign(reply: ReplyTree): string {
  return JSON.stringify(reply).replaceAll('timeout is negative', 'timeout is out of range');
}

/** Families: commands of a group, those that wait apart. */
const families = Map.groupBy(
  generated,
  ([, { group, flags }]) => `${group}${flags.includes('blocking') ? ', waiting' : ''}`,
);

for (const [family, members] of families) {
  const isWaiting = family.endsWith('waiting');
  differentialGenerated(`each command: ${family}`, {
    ...STREAM_OPTIONS,
    ...(isWaiting ? { rules: Object.fromEntries(members.map(([name]) => [name, anyTimeoutError])) } : {}),
    grammar: Object.fromEntries(
      members.map(([name, { group }]) => [
        name.replace('|', ' '),
        [partOf(argumentsOf(name), LETTERS[group] ?? 'any')],
      ]),
    ),
    prelude: PRELUDE,
    steps: Math.max(MIN_STEPS, members.length * STEPS_PER_COMMAND),
    scripts: SCRIPTS,
    damaged: 0.25,
    // So that nobody waits.
    isAlwaysQueued: isWaiting,
  });
}

if (VERSION === undefined) reportSkipped(1, 'the list of commands');

describe.skipIf(VERSION === undefined)(`the commands of redis-server ${VERSION}`, () => {
  let listed: string[] = [];

  beforeAll(async () => {
    const oracle = await Oracle.start();
    const [reply] = await (await oracle.connection(0)).ask([['COMMAND', 'LIST']]);
    listed = textsOf(reply).map((name) => name ?? '');
    await oracle.stop();
  });

  test('each is compared, or an exception', () => {
    const compared = new Set([...generated.map(([name]) => name), ...elsewhere.keys()]);
    const containers = new Set([...specs].filter(([, { handler }]) => handler === undefined).map(([name]) => name));
    const forgotten = listed.filter((name) => !compared.has(name) && !containers.has(name) && !isIn(exceptions, name));
    expect(forgotten).toEqual([]);
    expect(listed.length).toBeGreaterThan(300);
  });

  test('what it does not list stands in the table of DIFFERENCES.md', () => {
    const unlisted = [...specs.keys()].filter((name) => !listed.includes(name));
    expect(unlisted.filter((name) => !isIn(onlyHere, name))).toEqual([]);
    expect(listed.filter((name) => isIn(onlyHere, name))).toEqual([]);
  });

  test('no exception is out of date, and each has a reason', () => {
    expect(exceptions.filter((row) => !listed.some((name) => isIn([row], name)))).toEqual([]);
    expect([...exceptions, ...onlyHere].filter(({ reason }) => reason === '')).toEqual([]);
    expect([...elsewhere.keys()].filter((name) => isIn(exceptions, name))).toEqual([]);
  });
});

test.each([...elsewhere])('%s is compared in %s', (name, file) => {
  const text = readFileSync(new URL(file, ROOT), 'utf8').toUpperCase();
  const words = name.toUpperCase().split('|');
  const spaced = words.join(' ');
  const listedWords = words.map((word) => `'${word}'`).join(', ');
  expect(text.includes(spaced) || text.includes(listedWords), fileURLToPath(new URL(file, ROOT))).toBe(true);
});
