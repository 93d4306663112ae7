import { describe, expect, test } from 'vitest';
import { createLog } from '../test/writer-fixture.ts';

describe('records', () => {
  test('the first record of a file is preceded by SELECT, and so is one for another database', () => {
    const log = createLog();
    log.writer.appendRecord(0, ['SET', 'a', '1']);
    log.writer.appendRecord(0, ['SET', 'b', '2']);
    log.writer.appendRecord(3, ['DEL', 'a']);
    expect(log.writer.flush(0)).toBe('written');
    expect(log.text()).toBe(
      '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n' +
        '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n' +
        '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n' +
        '*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n' +
        '*2\r\n$3\r\nDEL\r\n$1\r\na\r\n',
    );
  });
});
