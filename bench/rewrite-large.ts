// `node bench/rewrite-large.ts [items]`: one list, set, hash and sorted set of so many items each (5 million), all written to while
// the log is rewritten: how long that holds up the server's event loop, how long its slices are, and how long a client's round trip takes.
// `own` is the longest hold-up without the time in which the loop's thread was ready and the machine ran something else or nothing at all; NaN
// where nobody counts that.
// Prints, asserts nothing.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoopDelays } from './loop-delay.ts';
import { type MachineWatch, watchMachine } from './machine-stops.ts';
import { ask, startServer } from './servers.ts';

const BATCH = 1000;
/** The client rests in between, so that there are processors left for what a server does in the background. */
const TRIPS_AT_ONCE = 8;
const REST_MS = 1;
const OPTIONS = ['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0'];

function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** Sends `request`; resolves when as many replies as `count` (of one line each) have come. */
function send(socket: Socket, request: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const onData = (bytes: Buffer) => {
      for (const byte of bytes) if (byte === 10) left--;
      if (left > 0) return;
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
    socket.write(request, 'latin1');
  });
}

const KINDS: Readonly<Record<string, (i: number) => readonly string[]>> = {
  list: (i) => [`element:${i}`],
  set: (i) => [`member:${i}`],
  hash: (i) => [`field:${i}`, `value:${i}`],
  zset: (i) => [String(i / 3), `member:${i}`],
};
const ADD = { list: 'RPUSH', set: 'SADD', hash: 'HSET', zset: 'ZADD' } as const;

function writes(kind: keyof typeof ADD, items: number, i: number): string {
  const at = (i * 7919) % items;
  if (kind === 'list')
    return command(['LSET', kind, String(at), `changed:${i}`]) + command(['RPUSH', kind, `new:${i}`]);
  if (kind === 'set') return command(['SREM', kind, `member:${at}`]) + command(['SADD', kind, `new:${i}`]);
  if (kind === 'hash')
    return (
      command(['HSET', kind, `field:${at}`, `changed:${i}`]) + command(['HDEL', kind, `field:${(at + 1) % items}`])
    );
  return command(['ZADD', kind, String(i), `member:${at}`]) + command(['ZREM', kind, `member:${(at + 1) % items}`]);
}

async function field(port: number, name: string): Promise<number> {
  return Number(new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(await ask(port, 'INFO persistence\r\n'))?.[1]);
}

async function measure(kind: keyof typeof ADD, items: number, machine: MachineWatch): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-delays-'));
  const delayFile = join(folder, 'delays');
  const server = await startServer('aof', OPTIONS, undefined, {
    BENCH_LOOP_DELAY_FILE: delayFile,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'loop-delay.ts')}`,
  });
  /** What has held up the loop since the last call, see loop-delay.ts. */
  const loopDelays = async (): Promise<string> => {
    process.kill(server.pid, 'SIGUSR2');
    await ask(server.port, 'PING\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { p99, p999, max, late }: LoopDelays = JSON.parse(
      readFileSync(delayFile, 'utf8').trim().split('\n').at(-1) ?? '',
    );
    const own = Math.max(0, ...late.map((lateness) => (lateness.ownMs ?? Number.NaN) - machine.stoppedMs(lateness)));
    return [p99, p999, max, own].map((ms) => ms.toFixed(2)).join(' ');
  };
  const socket = connect(server.port, '127.0.0.1');
  for (let from = 0; from < items; from += BATCH) {
    const words: string[] = [ADD[kind], kind];
    for (let i = from; i < Math.min(items, from + BATCH); i++) words.push(...(KINDS[kind]?.(i) ?? []));
    await send(socket, command(words), 1);
  }
  const run = async (isOver: () => Promise<boolean>): Promise<number[]> => {
    const times: number[] = [];
    let i = 0;
    do {
      for (let n = 0; n < 200; n++) {
        const startedAt = performance.now();
        await send(socket, writes(kind, items, i++), 2);
        times.push(performance.now() - startedAt);
        if (n % TRIPS_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
    } while (!(await isOver()));
    return times.sort((a, b) => a - b);
  };
  let rounds = 0;
  const before = server.memoryBytes();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await loopDelays();
  const quiet = await run(async () => ++rounds === 30);
  const quietDelays = await loopDelays();
  await ask(server.port, 'BGREWRITEAOF\r\n');
  const times = await run(async () => (await field(server.port, 'aof_rewrite_in_progress')) === 0);
  const delays = await loopDelays();
  const at = (sorted: number[], share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
  const slice = await field(server.port, 'aof_rewrite_max_slice_usec');
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  process.stdout.write(
    `${kind.padEnd(5)} ${items} items: loop held up p99, p99.9, max, own ${delays} ms (without a rewrite: ${quietDelays}); longest slice ${slice} µs; memory ${megabytes(before)} → ${megabytes(server.memoryBytes())} MB; ${times.length} round trips, p99 ${at(times, 0.99)} p99.9 ${at(times, 0.999)} max ${at(times, 1)} ms (without: p99.9 ${at(quiet, 0.999)} max ${at(quiet, 1)})\n`,
  );
  socket.destroy();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

const items = Number(process.argv[2] ?? 5_000_000);
const machine = watchMachine();
try {
  for (const kind of ['list', 'set', 'hash', 'zset'] as const) await measure(kind, items, machine);
} finally {
  machine.end();
}
