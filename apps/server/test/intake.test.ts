/** Short chunks wait for the tick, and nothing overtakes anything. */
import { SimDisk } from '@aof/disk';
import { Request } from '@aof/resp-codec';
import { expect, test } from 'vitest';
import { InProcessClient } from '../src/in-process-client.ts';
import { Intake } from '../src/intake.ts';
import { DIR, Rig } from './rewrite/rig.ts';

/** A receiver that writes down what it takes. */
function recorder(name: string, taken: string[], onTake: () => void = () => undefined) {
  return {
    take(chunk: Uint8Array, start: number, end: number): void {
      taken.push(`${name}:${Buffer.from(chunk).toString('latin1', start, end)}`);
      onTake();
    },
  };
}

test('chunks run once, in the order in which they came, also after their buffer has been reused', () => {
  const intake = new Intake();
  const taken: string[] = [];
  const [a, b] = [recorder('a', taken), recorder('b', taken)];
  const shared = Buffer.alloc(16);
  for (const [receiver, text] of [
    [a, 'one'],
    [b, 'two'],
    [a, 'three'],
  ] as const) {
    shared.write(text);
    expect(intake.add(receiver, shared, text.length)).toBe(true);
  }
  shared.fill('x');
  expect(taken).toEqual([]);
  expect(intake.isEmpty).toBe(false);
  intake.run();
  expect(taken).toEqual(['a:one', 'b:two', 'a:three']);
  expect(intake.isEmpty).toBe(true);
  intake.run();
  expect(taken).toHaveLength(3);
});

test('a long chunk is refused, and so is what there is no room for', () => {
  const intake = new Intake();
  const taken: string[] = [];
  expect(intake.add(recorder('a', taken), Buffer.alloc(257), 257)).toBe(false);
  expect(intake.isEmpty).toBe(true);
  let count = 0;
  while (intake.add(recorder('a', taken), Buffer.alloc(256), 256)) count++;
  expect(count).toBe(256);
  intake.run();
  expect(taken).toHaveLength(256);
  expect(intake.add(recorder('a', taken), Buffer.alloc(256), 256)).toBe(true);
});

test('a chunk that ends the server ends what is behind it', () => {
  const intake = new Intake();
  const taken: string[] = [];
  intake.add(recorder('a', taken), Buffer.from('1'), 1);
  intake.add(
    recorder('b', taken, () => intake.discard()),
    Buffer.from('2'),
    1,
  );
  intake.add(recorder('c', taken), Buffer.from('3'), 1);
  intake.run();
  expect(taken).toEqual(['a:1', 'b:2']);
  expect(intake.isEmpty).toBe(true);
});

test('a call in the same process runs after what sockets have brought in', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const rig = await Rig.start(disk);
  const client = rig.connect();
  client.isPutDown = true;
  client.send(['SET', 'k', 'from a socket']);
  const reply = new InProcessClient(rig.engine, 'utf8').call(Request.of(['GET', 'k'].map((text) => Buffer.from(text))));
  await rig.turn();
  expect(await reply).toBe('from a socket');
  expect(client.replies).toEqual(['OK']);
});

test('a bug in one request, if somebody catches it, keeps nobody else waiting', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIR);
  const rig = await Rig.start(disk);
  const [before, behind] = [rig.connect(), rig.connect()];
  for (const client of [before, behind]) client.isPutDown = true;
  before.send(['SET', 'before', '1']);
  const take = () => {
    throw new Error('broken');
  };
  rig.engine.receiveLater({ take }, Buffer.alloc(1), 1);
  behind.send(['SET', 'behind', '1']);
  await expect(rig.turn()).rejects.toThrow('broken');
  await rig.turn();
  expect([before.replies, behind.replies]).toEqual([['OK'], ['OK']]);
  expect((await Rig.start(disk.afterCrash(1, 'kill'))).digest).toBe(rig.digest);
});

test('what a receiver throws leaves the others where they are', () => {
  const intake = new Intake();
  const taken: string[] = [];
  const failing = recorder('a', taken, () => {
    throw new Error('broken');
  });
  intake.add(failing, Buffer.from('1'), 1);
  intake.add(recorder('b', taken), Buffer.from('2'), 1);
  expect(() => intake.run()).toThrow('broken');
  intake.run();
  expect(taken).toEqual(['a:1', 'b:2']);
});
