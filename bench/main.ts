// `pnpm bench [word]`: this server beside redis-server, in turn and in the same run; prints medians and ratios, asserts nothing.
// A word keeps the scenarios whose name contains it.
import { spawn } from 'node:child_process';
import { memoryScenarios } from './memory.ts';
import { saveScenarios, snapshotLoadRates } from './save.ts';
import type { Scenario } from './scenario.ts';
import { ask, hasRedis, type RunningServer, type ServerName, startServer } from './servers.ts';

// The first is slower on both sides: the median of five has forgotten it.
const ROUNDS = 5;
/** Under `always` the disk decides, whose syncs take 90–200 µs from one second to the next. */
const ALWAYS_ROUNDS = 15;
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
  rounds?: number,
): Scenario {
  return {
    name,
    must,
    options,
    unit: 'req/s',
    requests: Number(args[args.indexOf('-n') + 1]),
    measure: ({ port }) => requestsPerSecond(port, args),
    ...(preload ? { prepare: ({ port }) => requestsPerSecond(port, preload) } : {}),
    ...(rounds === undefined ? {} : { rounds }),
  };
}

const MILLION = 1_000_000;

/** What redis-benchmark is told beside the command: requests, how many a client sends at once, and the keys they are drawn from. */
interface Load {
  readonly requests: number;
  readonly pipeline?: number;
  readonly keys?: number;
  readonly valueBytes?: number;
  readonly clients?: number;
}

function loadOf({ requests, pipeline = 1, keys = 100_000, valueBytes = 32, clients = 50 }: Load): string[] {
  const numbers = { '-n': requests, '-P': pipeline, '-r': keys, '-d': valueBytes, '-c': clients };
  return Object.entries(numbers).flatMap(([option, value]) => [option, String(value)]);
}

const sets = (load: Load): string[] => ['-t', 'set', ...loadOf(load)];
const gets = (load: Load): string[] => ['-t', 'get', ...loadOf(load)];
/** SETs of a million keys of 16 bytes with values of 32, as a command that is given to redis-benchmark. */
const plainSets = (requests: number): string[] => [
  ...loadOf({ requests, pipeline: 64, keys: MILLION }),
  'SET',
  'key:__rand_int__',
  'x'.repeat(32),
];

/** So that most keys are there. */
const FILL = sets({ requests: 200_000, pipeline: 16 });
const FILL_1M = sets({ requests: 3 * MILLION, pipeline: 64, keys: MILLION });
const OF_1M = { requests: 2 * MILLION, pipeline: 64, keys: MILLION };

const SCENARIOS: readonly Scenario[] = [
  throughput('SET, pipeline 1', 0.95, EVERYSEC, sets({ requests: 200_000 })),
  throughput('GET, pipeline 1', 0.95, EVERYSEC, gets({ requests: 200_000 }), FILL),
  throughput('SET, pipeline 16', 1.1, EVERYSEC, sets({ requests: MILLION, pipeline: 16 })),
  throughput('GET, pipeline 16', 0.9, EVERYSEC, gets({ requests: MILLION, pipeline: 16 }), FILL),
  throughput('SET, pipeline 64, 1M keys', 1.1, EVERYSEC, sets(OF_1M), FILL_1M),
  throughput('GET, pipeline 64, 1M keys', 0.75, EVERYSEC, gets(OF_1M), FILL_1M),
  throughput('SET 1 KiB, pipeline 16', 1.15, EVERYSEC, sets({ requests: 400_000, pipeline: 16, valueBytes: 1024 })),
  throughput('SET, always, pipeline 1', 0.95, ALWAYS, sets({ requests: 50_000 }), FILL, ALWAYS_ROUNDS),
  throughput('SET, always, pipeline 16', 1.2, ALWAYS, sets({ requests: 400_000, pipeline: 16 }), FILL, ALWAYS_ROUNDS),
  {
    name: 'GET of 5 readers beside 20 writers, always',
    must: 1.5,
    options: ALWAYS,
    unit: 'req/s',
    prepare: ({ port }) => requestsPerSecond(port, FILL),
    measure: async ({ port }) => {
      const [readers] = await Promise.all([
        requestsPerSecond(port, gets({ requests: 40_000, clients: 5 })),
        requestsPerSecond(port, sets({ requests: 40_000, clients: 20 })),
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
      await requestsPerSecond(server.port, plainSets(6 * MILLION));
      const keys = Number((await ask(server.port, 'DBSIZE\r\n')).slice(1));
      return (server.memoryBytes() - before) / keys;
    },
  },
  ...memoryScenarios,
  ...saveScenarios(fillKeys),
];

/** A million keys of 16 bytes with 32. */
function fillKeys({ port }: RunningServer): Promise<number> {
  return requestsPerSecond(port, plainSets(3 * MILLION));
}

/** Seconds from start to ready with a log of `n` SETs, as records per second. */
async function loadRates(): Promise<Record<ServerName, number>> {
  const rates: Record<ServerName, number> = { redis: 0, aof: 0 };
  const records = 2_000_000;
  const first = await startServer('redis', [...EVERYSEC, '--aof-use-rdb-preamble', 'no']);
  await requestsPerSecond(first.port, plainSets(records));
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
