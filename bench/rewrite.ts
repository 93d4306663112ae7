// `node bench/rewrite.ts [keys …]`: BGREWRITEAOF under load beside redis-server: how long it takes, what clients notice, and
// memory. Prints, asserts nothing. The load is random SETs by one process; a second connection asks PING every millisecond.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { ask, type RunningServer, type ServerName, startServer } from './servers.ts';

const OPTIONS = ['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0', '--aof-use-rdb-preamble', 'no'];
const VALUE_BYTES = '32';

function benchmark(port: number, args: readonly string[]): { done: Promise<string>; stop(): void } {
  const child = spawn('redis-benchmark', ['-p', String(port), '-d', VALUE_BYTES, ...args]);
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const done = new Promise<string>((resolve) => child.once('exit', () => resolve(text)));
  return { done, stop: () => child.kill() };
}

/** Round trips of PING, one after the other, until it is stopped; ms. */
function ping(port: number): { stop(): number[] } {
  const times: number[] = [];
  let sentAt = performance.now();
  const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
  socket.setNoDelay(true);
  socket.on('data', () => {
    times.push(performance.now() - sentAt);
    setTimeout(() => {
      if (socket.destroyed) return;
      sentAt = performance.now();
      socket.write('PING\r\n');
    }, 1);
  });
  return {
    stop: () => {
      socket.destroy();
      return times.sort((a, b) => a - b);
    },
  };
}

async function info(port: number, field: string): Promise<number> {
  const text = await ask(port, 'INFO\r\n');
  return Number(new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1]);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function summary(times: number[]): string {
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1);
  return `PING p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)} ms`;
}

/** One rewrite; `load` are arguments of redis-benchmark, or undefined for an idle server. */
async function rewrite(server: RunningServer, what: string, load: readonly string[] | undefined): Promise<void> {
  const { port, name } = server;
  const before = server.memoryBytes();
  const running = load === undefined ? undefined : benchmark(port, load);
  await sleep(1000);
  const quiet = ping(port);
  await sleep(1500);
  const undisturbed = quiet.stop();
  const commandsBefore = await info(port, 'total_commands_processed');
  const pings = ping(port);
  const startedAt = performance.now();
  await ask(port, 'BGREWRITEAOF\r\n');
  let memory = 0;
  while ((await info(port, 'aof_rewrite_in_progress')) === 1) {
    memory = Math.max(memory, server.memoryBytes());
    await sleep(20);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = ((await info(port, 'total_commands_processed')) - commandsBefore) / seconds;
  const times = pings.stop();
  const slice = name === 'aof' ? `, longest slice ${await info(port, 'aof_rewrite_max_slice_usec')} µs` : '';
  running?.stop();
  await running?.done;
  process.stdout.write(
    `${name.padEnd(6)} ${what.padEnd(14)} ${seconds.toFixed(2)} s, ${Math.round(rate)} req/s, ${summary(times)} (undisturbed max ${(undisturbed.at(-1) ?? 0).toFixed(1)}), memory ×${(memory / before).toFixed(2)}${slice}\n`,
  );
}

async function measure(name: ServerName, keys: number): Promise<void> {
  const server = await startServer(name, OPTIONS);
  const { port } = server;
  try {
    const space = ['-t', 'set', '-r', String(keys)];
    await benchmark(port, [...space, '-n', String(keys * 2), '-P', '64', '-q']).done;
    await rewrite(server, `${keys} idle`, undefined);
    await rewrite(server, `${keys} loaded`, [...space, '-n', '100000000', '-P', '1', '-c', '20', '-q']);
    await rewrite(server, `${keys} pipeline`, [...space, '-n', '100000000', '-P', '16', '-c', '20', '-q']);
  } finally {
    await server.stop();
  }
}

const sizes = process.argv.slice(2).map(Number);
for (const keys of sizes.length > 0 ? sizes : [1_000_000, 5_000_000]) {
  for (const name of ['redis', 'aof'] as const) await measure(name, keys);
}
