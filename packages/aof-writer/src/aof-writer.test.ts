import { describe, expect, test } from 'vitest';
import { createLog } from '../test/writer-fixture.ts';

describe('settings', () => {
  test('timestamps are written only while they are enabled', () => {
    const log = createLog();
    log.writer.setWallClock(1_000);
    log.writer.appendRecord(-1, ['A']);
    log.writer.configure({ areTimestampsEnabled: true });
    log.writer.setWallClock(2_000);
    log.writer.appendRecord(-1, ['B']);
    log.writer.setWallClock(3_000);
    log.writer.configure({ areTimestampsEnabled: false });
    log.writer.appendRecord(-1, ['C']);
    log.writer.flush(0);
    expect(log.text()).toBe('*1\r\n$1\r\nA\r\n#TS:2\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n');
  });

  test('a flush copies the range that is still in the request buffer', () => {
    const log = createLog();
    const request = Buffer.from('*1\r\n$1\r\nA\r\n');
    log.writer.appendRaw(-1, request, 0, request.length);
    log.writer.flush(0);
    request.fill(0);
    log.writer.appendRaw(-1, Buffer.from('*1\r\n$1\r\nB\r\n'), 0, 11);
    log.writer.flush(1);
    expect(log.text()).toBe('*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n');
  });

  test('a burst does not keep its memory', () => {
    const log = createLog({ settings: { policy: 'no' } });
    log.writer.appendRecord(-1, ['SET', 'k', Buffer.alloc(5_000_000)]);
    log.writer.flush(0);
    for (let i = 0; i < 100; i++) log.writer.flush(i);
    expect(log.writer.bufferCapacity).toBeLessThan(1_000_000);
  });
});
