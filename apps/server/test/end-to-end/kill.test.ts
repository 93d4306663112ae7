/** kill -9 under load with `appendfsync always`, again and again: every acknowledged write is there after the restart. */
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startAof, temporaryFolder } from './programs.ts';
import { RawClient } from './raw-client.ts';

const LOAD_MS = 400;
const CONNECTIONS = 6;
const PIPELINE = 8;

/** One writer: a list and keys of its own, so that what must be there can be told from the last acknowledged number. */
class Writer {
  readonly name: string;
  /** The highest number that the list must have. */
  #listed = 0;
  #sent = 0;
  /** Numbers whose key must be there. */
  readonly #acknowledged: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Writes until the connection ends. */
  async run(redis: Redis): Promise<void> {
    for (;;) {
      const round = Array.from({ length: PIPELINE }, () => this.#write(redis, ++this.#sent));
      const outcomes = await Promise.allSettled(round);
      if (outcomes.some(({ status }) => status === 'rejected')) return;
    }
  }

  async #write(redis: Redis, n: number): Promise<void> {
    // A transaction, an append and a plain write: what is acknowledged last counts.
    if (n % 3 === 0) await redis.multi().rpush(this.name, n).set(`${this.name}:${n}`, n).exec();
    else await Promise.all([redis.rpush(this.name, n), redis.set(`${this.name}:${n}`, n)]);
    this.#listed = Math.max(this.#listed, n);
    this.#acknowledged.push(n);
  }

  /** What is there is a prefix of what was sent, with everything that was acknowledged. */
  async check(client: RawClient): Promise<void> {
    const list = await client.call('LRANGE', this.name, '0', '-1');
    const length = Array.isArray(list) ? list.length : 0;
    expect(list).toEqual(Array.from({ length }, (_, i) => String(i + 1)));
    expect(length).toBeGreaterThanOrEqual(this.#listed);
    for (let i = 0; i < this.#acknowledged.length; i += 100) {
      const numbers = this.#acknowledged.slice(i, i + 100).map(String);
      expect(await client.call('MGET', ...numbers.map((number) => `${this.name}:${number}`))).toEqual(numbers);
    }
    this.#listed = length;
    this.#sent = length;
  }

  get count(): number {
    return this.#acknowledged.length;
  }
}

test.each([
  ['single', 'always', 4],
  // Not `everysec`: while a sync runs its replies leave before the write, for up to two seconds, as documented.
  ['multi-part', 'no', 2],
] as const)('kill -9 under load: %s, %s', async (layout, policy, rounds) => {
  const dir = temporaryFolder();
  const args = ['--appendfsync', policy, '--aof-layout', layout];
  const writers = Array.from({ length: CONNECTIONS }, (_, i) => new Writer(`w${i}`));
  let { program, socket } = await startAof(dir, ...args);
  for (let round = 1; round <= rounds; round++) {
    const connections = writers.map(() => {
      const redis = new Redis({ path: socket, retryStrategy: () => null });
      redis.on('error', () => undefined); // rejections tell the writer
      return redis;
    });
    const before = writers.reduce((sum, { count }) => sum + count, 0);
    const done = writers.map((writer, i) => writer.run(connections[i] as Redis)); // one connection for each
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
    // The death of the process alone loses nothing that was answered, whatever the policy.
    await program.kill();
    await Promise.all(done);
    for (const redis of connections) redis.disconnect();
    expect(writers.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(before);
    ({ program, socket } = await startAof(dir, ...args));
    const client = await RawClient.open(socket);
    for (const writer of writers) await writer.check(client);
    client.close();
  }
});
