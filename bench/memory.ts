// What collections cost: resident memory of this server beside redis-server, large collections per element and small ones per
// key. Both servers get the same commands; what a server takes while it is empty is not counted.
import { connect } from 'node:net';
import type { Scenario } from './scenario.ts';
import { ask, type RunningServer } from './servers.ts';

const MEMBERS = 1_000_000;
const MEMBERS_PER_COMMAND = 100;
/** Small collections take so much together, about, that what a server takes once does not count. */
const SMALL_TOTAL_BYTES = 100_000_000;
/** Memory of large collections may be this much of redis-server's, and of small ones, up to the listpack thresholds. */
const LARGE_MUST = 1.5;
const SMALL_MUST = 1.3;
/** Both servers give memory back when they have been idle for a while. */
const SETTLE_MS = 3000;
const WARM_UP_COMMANDS = 50;
const BATCH_CHARS = 1 << 18;

function command(args: readonly (string | number)[]): string {
  const words = args.map(String);
  return `*${words.length}\r\n${words.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`;
}

/** Ten bytes that differ for every number. */
function tenBytes(n: number): string {
  return `m${String(n).padStart(9, '0')}`;
}

/** Sends the commands in large writes; resolves when all are answered (with integers or statuses). */
function sendAll(port: number, commands: Iterable<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let isDone = false;
    const source = commands[Symbol.iterator]();
    const socket = connect(port, '127.0.0.1', () => pump());
    const pump = (): void => {
      let batch = '';
      while (batch.length < BATCH_CHARS) {
        const { value, done } = source.next();
        if (done) {
          isDone = true;
          break;
        }
        batch += value;
        sent++;
      }
      if (batch !== '') socket.write(batch, 'latin1', () => (isDone ? undefined : pump()));
    };
    socket.once('error', reject);
    socket.on('data', (bytes: Buffer) => {
      if (bytes[0] === 0x2d) reject(new Error(bytes.toString('latin1', 0, 200)));
      for (const byte of bytes) if (byte === 0x0a) answered++;
      if (!isDone || answered < sent) return;
      socket.destroy();
      resolve();
    });
  });
}

function* first(items: Iterable<string>, count: number): Generator<string> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}

type Arguments = (n: number) => readonly (string | number)[];

/** One key of a million elements, the arguments of element `n` by `of`. */
function large(name: string, word: string, of: Arguments): Scenario {
  const commands = function* () {
    for (let first = 0; first < MEMBERS; first += MEMBERS_PER_COMMAND) {
      const args: (string | number)[] = [word, 'large'];
      for (let n = first; n < first + MEMBERS_PER_COMMAND; n++) args.push(...of(n));
      yield command(args);
    }
  };
  return scenario(`memory per element, ${name} of 1M`, LARGE_MUST, MEMBERS, commands);
}

/** Many keys of `size` elements each, which redis-server keeps in about `bytes`. */
function small(name: string, word: string, size: number, bytes: number, of: Arguments): Scenario {
  const keys = Math.floor(SMALL_TOTAL_BYTES / bytes);
  const commands = function* () {
    for (let key = 0; key < keys; key++) {
      const args: (string | number)[] = [word, `small:${key}`];
      for (let n = 0; n < size; n++) args.push(...of(n));
      yield command(args);
    }
  };
  return scenario(`memory per key, ${name}`, SMALL_MUST, keys, commands);
}

function scenario(name: string, must: number, per: number, commands: () => Iterable<string>): Scenario {
  return {
    name,
    must,
    options: ['--appendonly', 'no'],
    unit: 'bytes',
    isCost: true,
    rounds: 1,
    measure: async (server: RunningServer) => {
      // What it takes to run these commands at all belongs to the server, not to the data.
      await sendAll(server.port, first(commands(), WARM_UP_COMMANDS));
      await ask(server.port, 'FLUSHALL\r\n');
      const before = server.memoryBytes();
      await sendAll(server.port, commands());
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      return (server.memoryBytes() - before) / per;
    },
  };
}

export const memoryScenarios: readonly Scenario[] = [
  large('set', 'SADD', (n) => [tenBytes(n)]),
  large('set of integers', 'SADD', (n) => [n]),
  large('list', 'RPUSH', (n) => [tenBytes(n)]),
  large('sorted set', 'ZADD', (n) => [n, tenBytes(n)]),
  large('hash', 'HSET', (n) => [`f${n}`, tenBytes(n)]),
  small('string of 10 B', 'SET', 1, 100, (n) => [tenBytes(n)]),
  small('set of 10 integers', 'SADD', 10, 115, (n) => [n]),
  small('set of 512 integers', 'SADD', 512, 2700, (n) => [n * 1000]),
  small('set of 10 × 10 B', 'SADD', 10, 850, (n) => [tenBytes(n)]),
  small('set of 128 × 10 B', 'SADD', 128, 7600, (n) => [tenBytes(n)]),
  small('list of 10 × 10 B', 'RPUSH', 10, 310, (n) => [tenBytes(n)]),
  small('list of 100 × 10 B', 'RPUSH', 100, 1500, (n) => [tenBytes(n)]),
  small('list of 512 × 10 B', 'RPUSH', 512, 7000, (n) => [tenBytes(n)]),
  small('sorted set of 10 × 10 B', 'ZADD', 10, 250, (n) => [n, tenBytes(n)]),
  small('sorted set of 128 × 10 B', 'ZADD', 128, 2500, (n) => [n, tenBytes(n)]),
  small('hash of 10 × 10 B', 'HSET', 10, 300, (n) => [`f${n}`, tenBytes(n)]),
  small('hash of 512 × 10 B', 'HSET', 512, 10_000, (n) => [`f${n}`, tenBytes(n)]),
];
