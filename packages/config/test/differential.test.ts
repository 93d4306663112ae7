/** The same commands, files and command lines for this package and for a real redis-server 7.0: the same answers. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.ts';
import { Config } from '../src/config.ts';
import { ConfigError } from '../src/config-error.ts';
import { findOption, OPTION_NAMES, type OptionName, optionOf } from '../src/options.ts';
import { type ParsedConfig, parseConfigFile } from '../src/reader.ts';
import { rewriteConfig } from '../src/rewrite.ts';
import { assignment, configLines } from './arbitrary.ts';
import { installedVersion, RedisServer, refusalOf } from './redis-server.ts';

const version = installedVersion();
const isComparable = version?.startsWith('7.0.') === true;
const title = isComparable ? `redis-server ${version}` : 'SKIPPED, for want of a redis-server 7.0: comparison';

/** CONFIG SET one after the other, with a CONFIG GET after each. */
const SCRIPT: readonly (readonly string[])[] = [
  ['timeout', '1', 'timeout', '2'],
  ['timeout', '1', 'nope', '2'],
  ['nope', '1', 'timeout', 'x'],
  ['no\r\npe', '1'],
  ['databases', '3', 'nope', '1'],
  ['nope', '1', 'databases', '3'],
  ['min-slaves-to-write', '1', 'min-replicas-to-write', '2'],
  ['MIN-SLAVES-MAX-LAG', 'x'],
  ['Databases', 'x'],
  ['timeout', 'abc', 'loglevel', 'x'],
  ['timeout', '5', 'loglevel', 'x'],
  ['timeout', '1', 'databases', '4', 'timeout', '2'],
  ['timeout', '1', 'timeout', '3', 'databases', '2'],
  ['timeout', '7', 'port'],
  ['TIMEOUT', '7000'],
  ['dir', '/tmp'],
  ['dbfilename', 'a/b'],
  ['include', 'x'],
  ['hz', '1000'],
  ['hz', '0'],
  ['hz', '10'],
  ['appendfsync', 'ALWAYS'],
  ['cluster-announce-hostname', 'a_b'],
  ['proc-title-template', '{foo}'],
  ['proc-title-template', '{{x}'],
  ['list-max-listpack-size', '-9'],
  ['slowlog-max-len', '9223372036854775807'],
  ['slowlog-max-len', '9223372036854775808'],
  ['tcp-keepalive', '2147483648'],
  ...['010', '+1', ' 1', '', '-0', '0', '1e3'].map((value) => ['timeout', value]),
  ...[
    '1k',
    '1Kb',
    '1G',
    '',
    '007',
    'k',
    '1b',
    '18446744073709551616',
    '1t',
    '1.5gb',
    '-1',
    '+5',
    ' 1',
    '1kk',
    '50%',
  ].map((value) => ['cluster-link-sendbuf-limit', value]),
  ...['100mb', '10%', '100%', '101%', '-5%', '0%', '1gb%', '', '%'].map((value) => ['maxmemory-clients', value]),
  ...[
    '',
    '900',
    '900 1',
    '0 1',
    '900 0',
    '900 -1',
    'a b',
    ' 900 1',
    '900 1 ',
    '900 ',
    '+900 1',
    '900 1 300 10',
    '""',
  ].map((value) => ['save', value]),
  ...[
    '',
    'normal 1mb 2mb 3',
    'slave 1mb 2kb 3',
    'replica 1gb 2mb 5',
    'master 1 1 1',
    'normal 1 2',
    'Normal 5mb 5mb 5 pubsub 1 1 1',
    'normal 1 2 -3',
    'normal 1 2 x',
    'normal -1 1 1',
    'normal 1mb 1mb ',
    ' normal 1 1 1',
    'bogus 1 1 1',
  ].map((value) => ['client-output-buffer-limit', value]),
  ...['', 'A', 'KEA', '$lg', 'KEn', 'mn', 'xyz', 'g$lshzxetdn', 'AKEn', 'A K', 'Eg$lshzxeKtmdn'].map((value) => [
    'notify-keyspace-events',
    value,
  ]),
  ...['50 99', '', '101', 'a', '50.5 99.99', '99.9999999', '-1', '1e1', 'nan', '1  2'].map((value) => [
    'latency-tracking-info-percentiles',
    value,
  ]),
  ...['save', 'nosave', 'save nosave', 'force now', 'default save', '', 'x', 'save save'].map((value) => [
    'shutdown-on-sigterm',
    value,
  ]),
];

const PATTERNS: readonly (readonly string[])[] = [
  ['timeout'],
  ['LOGLEVEL'],
  ['LOGLEV*'],
  ['loglevel', 'LOGLEVEL', 'loglev*'],
  ['lua-time-limit', 'busy-reply-threshold'],
  ['nope', 'timeout', 'nope*'],
  ['rdb-key*', 'key-load-delay'],
  ['min-s*', 'min-r*'],
  ['[a-b]ppend*only'],
  ['*max-???tpack*'],
  ['*-[^l]i*'],
  ['a\\*', '\\timeout', 'tim\\eout?'],
  [''],
];

/** Random values for these could end the connection, the server or a wait; the others may get anything. */
const NOT_AT_RANDOM = new Set<string>([
  'activedefrag',
  'appendonly',
  'bind',
  'client-output-buffer-limit',
  'maxclients',
  'maxmemory-clients',
  'oom-score-adj',
  'oom-score-adj-values',
  'port',
  'repl-backlog-size',
  'requirepass',
  'timeout',
  'tls-cluster',
  'tls-port',
  'tls-replication',
  'watchdog-period',
]);

/** Known to Redis 7.0, so that both can be asked. */
function isShared(name: OptionName): boolean {
  return optionOf(name).origin === 'redis-7.0';
}

const RANDOM = OPTION_NAMES.filter((name) => isShared(name) && optionOf(name).isMutable && !NOT_AT_RANDOM.has(name));

function pairsOf(reply: unknown): string[] {
  const texts = Array.isArray(reply) ? reply.map(String) : [];
  return texts.flatMap((text, i) => (i % 2 === 0 ? [`${text} ${texts[i + 1]}`] : [])).sort();
}

describe.skipIf(!isComparable)(`${title} of CONFIG commands`, () => {
  let redis: RedisServer;
  let config: Config;

  beforeAll(async () => {
    const args = ['--save', '', '--aof-use-rdb-preamble', 'no'];
    redis = await RedisServer.start(args);
    const { argumentText } = parseArguments([...args, '--port', '0', '--unixsocket', join(redis.folder, 's')]);
    config = new Config(parseConfigFile({ argumentText, workingFolder: redis.folder, readFile: () => '' }));
  });
  afterAll(async () => {
    await redis?.[Symbol.asyncDispose]();
  });

  /** Sends one CONFIG SET to both and compares the replies and the values after it. */
  async function compareSet(args: readonly string[]): Promise<'OK' | 'refused'> {
    const theirs = await redis.call('CONFIG', 'SET', ...args);
    const ours = config.set(args);
    expect('error' in ours ? `-${ours.error}` : '+OK', `CONFIG SET ${JSON.stringify(args)}`).toBe(theirs);
    const names = args.filter((_, i) => i % 2 === 0);
    const reply = await redis.call('CONFIG', 'GET', ...names);
    expect(pairsOf(config.get(names)), `after CONFIG SET ${JSON.stringify(args)}`).toEqual(pairsOf(reply));
    return 'error' in ours ? 'refused' : 'OK';
  }

  it('answers a script of right and wrong values alike', async () => {
    const seen = { OK: 0, refused: 0 };
    for (const args of SCRIPT) seen[await compareSet(args)]++;
    expect(seen.OK).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  });

  it('answers patterns alike', async () => {
    for (const patterns of PATTERNS) {
      const theirs = pairsOf(await redis.call('CONFIG', 'GET', ...patterns));
      const ours = pairsOf(config.get(patterns)).filter((pair) => isKnownToRedis(pair.split(' ')[0] ?? ''));
      expect(ours, JSON.stringify(patterns)).toEqual(theirs);
    }
  });

  it('answers random CONFIG SETs alike', async () => {
    const seen = { OK: 0, refused: 0 };
    const change = assignment(RANDOM)
      .filter(({ alias }) => isKnownToRedis(alias))
      .map(({ alias, args }) => [alias, args.join(' ')]);
    const command = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => changes.flat());
    await fc.assert(
      fc.asyncProperty(command, async (args) => {
        seen[await compareSet(args)]++;
      }),
      { numRuns: 400 },
    );
    expect(Math.min(seen.OK, seen.refused)).toBeGreaterThan(30);
  });

  it('ends with the same configuration', async () => {
    const theirs = pairsOf(await redis.call('CONFIG', 'GET', '*'));
    expect(pairsOf(config.get(['*'])).filter((pair) => isKnownToRedis(pair.split(' ')[0] ?? ''))).toEqual(theirs);
  });
});

function isKnownToRedis(name: string): boolean {
  const found = findOption(name);
  return found !== undefined && isShared(found.name) && !VALKEY_ALIASES.has(found.alias);
}

const VALKEY_ALIASES = new Set([
  'primaryauth',
  'primaryuser',
  'server-cpulist',
  'bio-cpulist',
  'bgsave-cpulist',
  'aof-rewrite-cpulist',
]);

/** Command lines and files that redis-server refuses; compared are the line and the reason. */
const REFUSED: readonly (readonly [args: readonly string[], stdin: string])[] = [
  [['--timeout'], ''],
  [['--timeout', '--port', '1'], ''],
  [['--timeout', '5', '6'], ''],
  [['--timeout', '5 6'], ''],
  [['--timeout 5', '--port', 'x'], ''],
  [['--save', '--timeout', 'x'], ''],
  [['--SAVE', '', '--timeout', 'x'], ''],
  [['--requirepass', '--foo', '--timeout', 'x'], ''],
  [['--bind', '1.1.1.1', '2.2.2.2', '--timeout', 'x'], ''],
  [['--loglevel', 'a"b\n'], ''],
  [['--appendonly', 'yes', '--appendonly'], ''],
  [['--appendfilename', 'a/b'], ''],
  [['--appenddirname', ''], ''],
  [['--shutdown-on-sigterm', 'save', 'nosave'], ''],
  [['--replicaof', 'a', 'x'], ''],
  [['--xyzzy', '1'], ''],
  [['--timeout', 'x', '-'], 'port 1'],
  [['-'], 'timeout 5\n\n  # c\n\ttimeout x'],
  [['-'], 'timeout "5'],
  [['-'], "timeout '5"],
  [['-'], 'timeout "5"x'],
  [['-'], 'timeout 5 # comment'],
  [['-'], '"timeout" x'],
  [['-'], 'TIMEOUT x\r\n'],
  [['-'], 'loglevel "a\\x41\\n"'],
  [['-'], 'appendfsync sometimes\n'],
  [['-'], 'include'],
  [['-'], 'include a b'],
  [['-'], 'save 900'],
  [['-'], 'client-output-buffer-limit ""'],
  [['-'], '""'],
  [['-'], 'list-max-ziplist-value 1\nlua-replicate-commands yes\ninclude nofile*\ntimeout x'],
  [['-'], 'list-max-ziplist-value'],
];

/** Configurations that start, and what is looked at then. */
const STARTED: readonly (readonly [args: readonly string[], stdin: string])[] = [
  [['--save', '900', '1', '300', '10'], ''],
  [['--save', '900 1', '--save', '300', '10'], ''],
  [['--save'], 'save 900 1'],
  [['--save', '3', '3'], 'save 900 1'],
  [[], 'save 900 1 300 5\nsave 2 2\r\n'],
  [[], 'save 900 1\nsave ""\nsave 2 2'],
  [['--timeout', '7'], 'timeout 5\nunixsocketperm 755\noom-score-adj relative\nshutdown-on-sigterm "force now"'],
  [[], 'dir /\ndir tmp\nhz 1000\nlatency-tracking-info-percentiles\nclient-output-buffer-limit'],
  [[], 'client-output-buffer-limit normal 1gb 1gb 1\nclient-output-buffer-limit "pubsub 2 2 2"\nslave-priority 7'],
  [['--masterauth', 'a"\\\n', '--masteruser', ''], 'proc-title-template "x {title}\\x41"'],
];

function readBoth(args: readonly string[], stdin: string, folder: string): ParsedConfig {
  const { argumentText, readsStdin } = parseArguments(args);
  const stdinText = readsStdin || stdin !== '' ? stdin : undefined;
  return parseConfigFile({ argumentText, stdinText, workingFolder: folder, readFile: () => '' });
}

describe.skipIf(!isComparable)(`${title} of command lines and files`, () => {
  it.each(REFUSED)('refused alike: %j %j', (args, stdin) => {
    const theirs = refusalOf(stdin, args);
    try {
      readBoth(args, stdin, '/');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const ours = `>>> '${error.lineText}'\n${error.reason}`;
      expect(ours).toBe(theirs.slice(theirs.indexOf('>>>')));
      // Redis numbers the lines of everything as one text; ours count from each beginning.
      if (args.length === 1 && args[0] === '-') expect(theirs).toContain(`at line ${error.line}\n`);
      return;
    }
    throw new Error(`accepted, but redis-server says: ${theirs}`);
  });

  it.each(STARTED)('taken alike: %j %j', async (args, stdin) => {
    await using redis = await RedisServer.start([...args, '--aof-use-rdb-preamble', 'no'], stdin);
    const own = ['--port', '0', '--unixsocket', join(redis.folder, 's')];
    const config = new Config(readBoth([...own, ...args], stdin, redis.folder));
    const theirs = pairsOf(await redis.call('CONFIG', 'GET', '*'));
    expect(pairsOf(config.get(['*'])).filter((pair) => isKnownToRedis(pair.split(' ')[0] ?? ''))).toEqual(theirs);
  });

  it('reads what the other has rewritten', async () => {
    const skipped = new Set<OptionName>(['dir', 'unixsocket', 'port', 'aof-use-rdb-preamble', 'save', 'pidfile']);
    const arbitraryLines = configLines(RANDOM.filter((name) => !skipped.has(name)));
    const lines = fc
      .sample(arbitraryLines, { numRuns: 10, seed: 20 })
      .flat()
      .filter((line) => isReadable(line));
    expect(lines.length).toBeGreaterThan(30);
    const config = new Config(readBoth(['-'], lines.join('\n'), '/'));
    config.set(['slowlog-max-len', '77', 'masterauth', 'ä"\t', 'client-output-buffer-limit', 'normal 1gb 2mb 3']);
    const ours = new TextDecoder('latin1').decode(rewriteConfig(lines.join('\n'), config));
    await using redis = await RedisServer.start(['--save', ''], withoutOwn(ours));
    const names = OPTION_NAMES.filter((name) => isShared(name) && !skipped.has(name));
    expect(pairsOf(await redis.call('CONFIG', 'GET', ...names))).toEqual(pairsOf(config.get(names)));
    expect(pairsOf(config.get(names))).not.toEqual(pairsOf(Config.of('/').get(names)));

    await using other = await RedisServer.start([], withoutOwn(ours), 'redis.conf');
    expect(await other.call('CONFIG', 'REWRITE')).toBe('+OK');
    const back = new Config(readBoth(['-'], readFileSync(join(other.folder, 'redis.conf'), 'latin1'), '/'));
    expect(pairsOf(back.get(names))).toEqual(pairsOf(config.get(names)));
  });
});

function isReadable(line: string): boolean {
  try {
    readBoth(['-'], line, '/');
    return true;
  } catch {
    return false;
  }
}

/** Leaves out the lines that only this server understands. */
function withoutOwn(text: string): string {
  return text
    .split('\n')
    .filter((line) => {
      const found = findOption(line.split(' ')[0] ?? '');
      return found === undefined || isKnownToRedis(found.alias);
    })
    .join('\n');
}
