// `pnpm bench [word]`: this server beside redis-server, in turn and in the same run; prints medians and ratios, asserts nothing.
// A word keeps the scenarios whose name contains it.
import { spawn } from 'node:child_process';
import { memoryScenarios } from './memory.ts';
import { saveScenarios, snapshotLoadRates } from './save.ts';
import type { Scenario } from './scenario.ts';
import { ask, hasRedis, type RunningServer, type ServerName, startServer } from './servers.ts';

const ROUNDS = 3;
const EVERYSEC = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0'];
const ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];

/** Requests per second of one redis-benchmark run; `GET` and so on as its tests. */
function requestsPerSecond(port: number, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-benchmark', ['-p', String(port), '--csv', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.once('error', reject);
    child.once('exit', () => {
      const line = text.trim().split('\n').at(-1) ?? '';
      const value = Number(/^"[^"]*","([\d.]+)"/.exec(line)?.[1]);
      if (Number.isNaN(value)) reject(new Error(`redis-benchmark said: ${text}`));
      else resolve(value);
    });
  });
}

function throughput(
  name: string,
  must: number,
  options: readonly string[],
  args: readonly string[],
  preload?: readonly string[],
): Scenario {
  return {
    name,
    must,
    options,
    unit: 'req/s',
    requests: Number(args[args.indexOf('-n') + 1]),
    measure: ({ port }) => requestsPerSecond(port, args),
    ...(preload ? { prepare: ({ port }) => requestsPerSecond(port, preload) } : {}),
  };
}

const KEYS_1M = ['-r', '1000000'];
const LOAD_1M = ['-t', 'set', '-n', '3000000', '-P', '64', '-d', '32', ...KEYS_1M];

const SCENARIOS: readonly Scenario[] = [
  throughput('SET, pipeline 1', 0.95, EVERYSEC, ['-t', 'set', '-n', '200000', '-c', '50', '-r', '100000', '-d', '32']),
  throughput(
    'GET, pipeline 1',
    0.95,
    EVERYSEC,
    ['-t', 'get', '-n', '200000', '-c', '50', '-r', '100000', '-d', '32'],
    ['-t', 'set', '-n', '200000', '-P', '16', '-r', '100000', '-d', '32'],
  ),
  throughput('SET, pipeline 16', 1.1, EVERYSEC, ['-t', 'set', '-n', '1000000', '-P', '16', '-r', '100000', '-d', '32']),
  throughput(
    'GET, pipeline 16',
    0.9,
    EVERYSEC,
    ['-t', 'get', '-n', '1000000', '-P', '16', '-r', '100000', '-d', '32'],
    ['-t', 'set', '-n', '200000', '-P', '16', '-r', '100000', '-d', '32'],
  ),
  throughput(
    'SET, pipeline 64, 1M keys',
    1.1,
    EVERYSEC,
    ['-t', 'set', '-n', '2000000', '-P', '64', '-d', '32', ...KEYS_1M],
    LOAD_1M,
  ),
  throughput(
    'GET, pipeline 64, 1M keys',
    0.75,
    EVERYSEC,
    ['-t', 'get', '-n', '2000000', '-P', '64', '-d', '32', ...KEYS_1M],
    LOAD_1M,
  ),
  throughput('SET 1 KiB, pipeline 16', 1.15, EVERYSEC, [
    '-t',
    'set',
    '-n',
    '400000',
    '-P',
    '16',
    '-r',
    '100000',
    '-d',
    '1024',
  ]),
  throughput('SET, always, pipeline 1', 0.95, ALWAYS, ['-t', 'set', '-n', '50000', '-r', '100000', '-d', '32']),
  throughput('SET, always, pipeline 16', 1.2, ALWAYS, [
    '-t',
    'set',
    '-n',
    '400000',
    '-P',
    '16',
    '-r',
    '100000',
    '-d',
    '32',
  ]),
  {
    name: 'GET of 5 readers beside 20 writers, always',
    must: 1.5,
    options: ALWAYS,
    unit: 'req/s',
    prepare: ({ port }) =>
      requestsPerSecond(port, ['-t', 'set', '-n', '200000', '-P', '16', '-r', '100000', '-d', '32']),
    measure: async ({ port }) => {
      const [readers] = await Promise.all([
        requestsPerSecond(port, ['-t', 'get', '-n', '40000', '-c', '5', '-r', '100000']),
        requestsPerSecond(port, ['-t', 'set', '-n', '40000', '-c', '20', '-r', '100000', '-d', '32']),
      ]);
      return readers;
    },
  },
  {
    name: 'memory per key, 1M keys of 16 B with 32 B',
    must: 1.3,
    options: EVERYSEC,
    unit: 'bytes',
    isCost: true,
    rounds: 1,
    measure: async (server) => {
      const before = server.memoryBytes();
      await requestsPerSecond(server.port, [
        '-n',
        '6000000',
        '-P',
        '64',
        ...KEYS_1M,
        'SET',
        'key:__rand_int__',
        'x'.repeat(32),
      ]);
      await ask(server.port, 'DBSIZE\r\n').then((reply) => reply);
      const keys = Number((await ask(server.port, 'DBSIZE\r\n')).slice(1));
      return (server.memoryBytes() - before) / keys;
    },
  },
  ...memoryScenarios,
  ...saveScenarios(fillKeys),
];

/** A million keys of 16 bytes with 32. */
function fillKeys({ port }: RunningServer): Promise<number> {
  return requestsPerSecond(port, ['-n', '3000000', '-P', '64', ...KEYS_1M, 'SET', 'key:__rand_int__', 'x'.repeat(32)]);
}

/** Seconds from start to ready with a log of `n` SETs, as records per second. */
async function loadRates(): Promise<Record<ServerName, number>> {
  const rates: Record<ServerName, number> = { redis: 0, aof: 0 };
  const records = 2_000_000;
  const first = await startServer('redis', [...EVERYSEC, '--aof-use-rdb-preamble', 'no']);
  await requestsPerSecond(first.port, [
    '-n',
    String(records),
    '-P',
    '64',
    ...KEYS_1M,
    'SET',
    'key:__rand_int__',
    'x'.repeat(32),
  ]);
  await first.stop({ keepFolder: true });
  for (const name of ['redis', 'aof', 'redis', 'aof'] as const) {
    const startedAt = performance.now();
    const server = await startServer(name, EVERYSEC, first.folder);
    rates[name] = Math.max(rates[name], records / ((performance.now() - startedAt) / 1000));
    await server.stop({ keepFolder: true });
  }
  return rates;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface Result {
  readonly redis: number;
  readonly aof: number;
  /** Microseconds of CPU per request. */
  readonly cpu?: Record<ServerName, number>;
}

async function run(scenario: Scenario): Promise<Result> {
  const servers = [await startServer('redis', scenario.options), await startServer('aof', scenario.options)];
  const values: Record<ServerName, number[]> = { redis: [], aof: [] };
  const cpu: Record<ServerName, number[]> = { redis: [], aof: [] };
  for (const server of servers) await scenario.prepare?.(server);
  for (let round = 0; round < (scenario.rounds ?? ROUNDS); round++) {
    for (const server of servers) {
      const before = server.cpuSeconds();
      values[server.name].push(await scenario.measure(server));
      cpu[server.name].push(((server.cpuSeconds() - before) * 1e6) / (scenario.requests ?? 1));
    }
  }
  for (const server of servers) await server.stop();
  const result = { redis: median(values.redis), aof: median(values.aof) };
  return scenario.requests === undefined
    ? result
    : { ...result, cpu: { redis: median(cpu.redis), aof: median(cpu.aof) } };
}

function row(name: string, unit: string, must: number, { redis, aof, cpu }: Result, isCost: boolean): string {
  const ratio = aof / redis;
  const isReached = isCost ? ratio <= must : ratio >= must;
  const number = (n: number) => Math.round(n).toLocaleString('en').padStart(12);
  const cpuText = cpu ? `   ${cpu.redis.toFixed(2)} / ${cpu.aof.toFixed(2)} µs` : '';
  return `${name.padEnd(46)}${number(redis)}${number(aof)} ${unit.padEnd(8)}${ratio.toFixed(2).padStart(6)}${must.toFixed(2).padStart(7)}${isReached ? '    ' : ' <--'}${cpuText}`;
}

async function main(): Promise<void> {
  const [word = ''] = process.argv.slice(2).filter((argument) => argument !== '--');
  const print = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  if (!hasRedis())
    return print('SKIPPED: redis-server and redis-benchmark are not installed; there is nothing to compare with.');
  print(
    `${''.padEnd(46)}${'redis'.padStart(12)}${'aof'.padStart(12)} ${''.padEnd(8)}${'ratio'.padStart(6)}${'must'.padStart(7)}       CPU per request`,
  );
  for (const scenario of SCENARIOS) {
    if (!scenario.name.includes(word)) continue;
    print(row(scenario.name, scenario.unit, scenario.must, await run(scenario), scenario.isCost ?? false));
  }
  if ('load of a log'.includes(word)) print(row('load of a log of 2M SETs', 'rec/s', 1, await loadRates(), false));
  if ('load of a snapshot'.includes(word))
    print(row('load of a snapshot of 1M keys', 'keys/s', 1, await snapshotLoadRates(fillKeys), false));
}

await main();
