import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDisk } from '@aof/disk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AofWriter, type AofWriterEvents, type AofWriterSettings } from '../src/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aof-writer-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const modes: readonly Partial<AofWriterSettings>[] = [
  { policy: 'always', alwaysMode: 'blocking' },
  { policy: 'always', alwaysMode: 'background' },
  { policy: 'always', alwaysMode: 'adaptive' },
  { policy: 'everysec' },
];

test.each(modes)('on a real disk everything is written in order and called synced in the end: %o', async (settings) => {
  const path = join(folder, `${settings.policy}-${settings.alwaysMode}`);
  const disk = new NodeDisk();
  const synced: number[] = [];
  const unexpected = (): never => {
    throw new Error('not expected on a disk that works');
  };
  const events: AofWriterEvents = {
    synced: (bytes) => synced.push(bytes),
    syncDelayed: unexpected,
    writeFailed: unexpected,
    writeRecovered: unexpected,
    syncFailed: unexpected,
    syncRecovered: unexpected,
    fatal: unexpected,
  };
  const file = disk.open(path, 'append');
  const writer = new AofWriter({
    file,
    fileSize: file.size(),
    settings,
    events,
    startedAtMs: performance.now(),
    stopwatchMs: () => performance.now(),
  });
  const ticks = 30;
  for (let tick = 0; tick < ticks; tick++) {
    writer.appendRecord(0, ['RPUSH', 'ticks', String(tick)]);
    writer.flush(performance.now());
    if (tick === ticks / 2) {
      const { oldFileSynced } = writer.rotate(disk.open(`${path}.2`, 'append'), 0, performance.now());
      expect(await oldFileSynced).toBe(true);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.close(performance.now());
  const content = readFileSync(path, 'latin1') + readFileSync(`${path}.2`, 'latin1');
  const found = [...content.matchAll(/ticks\r\n\$\d+\r\n(\d+)\r\n/g)].map(([, number]) => Number(number));
  expect(found).toEqual(Array.from({ length: ticks }, (_, i) => i));
  expect(content.length).toBe(writer.appendedBytes);
  expect(synced.at(-1)).toBe(writer.appendedBytes);
  expect(synced).toEqual(synced.toSorted((a, b) => a - b));
});
