// `node bench/rewrite-large.ts [items]`: one list, set, hash and sorted set of so many items each (5 million), all written to while
// the log is rewritten: the longest slice of the rewrite, and the longest round trip that a client sees meanwhile. Prints, asserts nothing.
import { connect, type Socket } from 'node:net';
import { ask, startServer } from './servers.ts';

const BATCH = 1000;
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

async function measure(kind: keyof typeof ADD, items: number): Promise<void> {
  const server = await startServer('aof', OPTIONS);
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
      }
    } while (!(await isOver()));
    return times.sort((a, b) => a - b);
  };
  let rounds = 0;
  const before = server.memoryBytes();
  const quiet = await run(async () => ++rounds === 30);
  await ask(server.port, 'BGREWRITEAOF\r\n');
  const times = await run(async () => (await field(server.port, 'aof_rewrite_in_progress')) === 0);
  const at = (sorted: number[], share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
  const slice = await field(server.port, 'aof_rewrite_max_slice_usec');
  process.stdout.write(
    `${kind.padEnd(5)} ${items} items: ${times.length} writes beside the rewrite, p99 ${at(times, 0.99)} p99.9 ${at(times, 0.999)} max ${at(times, 1)} ms (without: p99.9 ${at(quiet, 0.999)} max ${at(quiet, 1)}); longest slice ${slice} µs; memory ${(before / 1e6).toFixed(0)} → ${(server.memoryBytes() / 1e6).toFixed(0)} MB\n`,
  );
  socket.destroy();
  await server.stop();
}

const items = Number(process.argv[2] ?? 5_000_000);
for (const kind of ['list', 'set', 'hash', 'zset'] as const) await measure(kind, items);
