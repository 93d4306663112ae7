import { SimDisk } from '@aof/disk';
import { expect, test } from 'vitest';
import { generator, Rig } from '../rewrite/rig.ts';
import { ARGUMENTS, WAITING, Writes } from '../rewrite/writes.ts';
import { digestOf } from './digest.ts';

test('is equal where DEBUG DIGEST is equal, and only there', () => {
  const rig = new Rig(new SimDisk(), { appendonly: false });
  const client = rig.connect();
  const names = Object.keys(ARGUMENTS).filter((name) => !WAITING.has(name));
  const writes = new Writes(generator(5), 12, names);
  const byDigest = new Map<string, string>();
  const ours = new Set<string>();
  const compare = (): void => {
    const [digest, own] = [rig.engine.port.digest(), digestOf(rig.engine)];
    expect(own).toBe(byDigest.get(digest) ?? own);
    byDigest.set(digest, own);
    ours.add(own);
  };
  compare();
  expect(digestOf(rig.engine)).toBe('0'.repeat(40));
  for (let i = 0; i < 400; i++) {
    if (i % 100 === 99) client.send(writes.large(40));
    client.send(writes.next());
    compare();
  }
  expect(byDigest.size).toBeGreaterThan(150);
  expect(ours.size).toBe(byDigest.size);
});
