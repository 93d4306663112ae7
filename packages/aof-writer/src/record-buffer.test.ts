import { encodeCommand } from '@aof/resp-codec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordBuffer, type RecordTee } from './record-buffer.ts';

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const resp = (...record: (string | Uint8Array)[]): string => latin1(encodeCommand(record));

function textOf(buffer: RecordBuffer): string {
  buffer.settle();
  return latin1(buffer.bytes.subarray(0, buffer.length));
}

class CollectingTee implements RecordTee {
  text = '';
  append(bytes: Uint8Array, start: number, end: number): void {
    this.text += latin1(bytes.subarray(start, end));
  }
}

describe('SELECT', () => {
  test('precedes the first record and each record for another database', () => {
    const buffer = new RecordBuffer();
    buffer.appendRecord(0, ['SET', 'a', '1']);
    buffer.appendRecord(0, ['DEL', 'a']);
    buffer.appendRecord(12, ['DEL', 'b']);
    expect(textOf(buffer)).toBe(
      resp('SELECT', '0') + resp('SET', 'a', '1') + resp('DEL', 'a') + resp('SELECT', '12') + resp('DEL', 'b'),
    );
  });

  test('comes after MULTI, which has no database', () => {
    const buffer = new RecordBuffer();
    buffer.appendRecord(-1, ['MULTI']);
    buffer.appendRecord(2, ['DEL', 'a']);
    buffer.appendRecord(2, ['DEL', 'b']);
    buffer.appendRecord(-1, ['EXEC']);
    buffer.appendRecord(2, ['DEL', 'c']);
    expect(textOf(buffer)).toBe(
      [['MULTI'], ['SELECT', '2'], ['DEL', 'a'], ['DEL', 'b'], ['EXEC'], ['DEL', 'c']].map((r) => resp(...r)).join(''),
    );
  });

  test('precedes a range for another database, even if the ranges are neighbours', () => {
    const buffer = new RecordBuffer();
    const source = encodeCommand(['X']);
    const half = Math.floor(source.length / 2);
    buffer.appendRaw(0, source, 0, half);
    buffer.appendRaw(1, source, half, source.length);
    const text = latin1(source);
    expect(textOf(buffer)).toBe(resp('SELECT', '0') + text.slice(0, half) + resp('SELECT', '1') + text.slice(half));
  });

  test('is written again after the database was forgotten', () => {
    const buffer = new RecordBuffer();
    buffer.appendRecord(1, ['A']);
    buffer.forgetDatabase();
    buffer.appendRecord(1, ['B']);
    expect(textOf(buffer)).toBe(resp('SELECT', '1') + resp('A') + resp('SELECT', '1') + resp('B'));
  });
});

describe('annotations', () => {
  test('stand before a record and its SELECT, when the second has changed', () => {
    const buffer = new RecordBuffer();
    buffer.annotate(5_999);
    buffer.appendRecord(0, ['A']);
    buffer.annotate(5_000);
    buffer.annotate(5_100);
    buffer.appendRecord(0, ['B']);
    buffer.annotate(6_000);
    buffer.annotate(7_000);
    buffer.appendRecord(1, ['C']);
    expect(textOf(buffer)).toBe(
      `#TS:5\r\n${resp('SELECT', '0')}${resp('A')}${resp('B')}#TS:7\r\n${resp('SELECT', '1')}${resp('C')}`,
    );
  });

  test('end a range', () => {
    const buffer = new RecordBuffer();
    const source = Buffer.from('abcdef');
    buffer.appendRaw(-1, source, 0, 3);
    buffer.annotate(1_000);
    buffer.appendRaw(-1, source, 3, 6);
    expect(textOf(buffer)).toBe('abc#TS:1\r\ndef');
  });

  test('are not written once they are cancelled, and begin anew afterwards', () => {
    const buffer = new RecordBuffer();
    buffer.annotate(1_000);
    buffer.cancelAnnotation();
    buffer.appendRecord(-1, ['A']);
    buffer.annotate(1_500);
    buffer.appendRecord(-1, ['B']);
    expect(textOf(buffer)).toBe(`${resp('A')}#TS:1\r\n${resp('B')}`);
  });
});

describe('ranges', () => {
  test('count as appended before they are copied', () => {
    const buffer = new RecordBuffer();
    buffer.appendRaw(-1, Buffer.from('abcdef'), 1, 5);
    expect([buffer.length, buffer.appendedBytes]).toEqual([4, 4]);
    buffer.settle();
    expect([buffer.length, buffer.appendedBytes]).toEqual([4, 4]);
    buffer.consume(4);
    expect([buffer.length, buffer.appendedBytes]).toEqual([0, 4]);
  });

  test('are copied before the record that follows them', () => {
    const buffer = new RecordBuffer();
    buffer.appendRaw(-1, Buffer.from('raw'), 0, 3);
    buffer.appendRecord(-1, ['A']);
    expect(textOf(buffer)).toBe(`raw${resp('A')}`);
  });

  test('of any kind are the same as each one copied at once, also when the request buffer is used again after settle', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('raw' as const), length: fc.nat(200), database: fc.nat(1) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('skip' as const), length: fc.nat(20) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('record' as const), database: fc.integer({ min: -1, max: 2 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reuse' as const), byte: fc.nat(255) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('consume' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('second' as const) }) },
    );
    let joined = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const buffer = new RecordBuffer();
        const tee = new CollectingTee();
        const source = Buffer.alloc(1000, 1);
        let at = 0;
        let nowMs = 0;
        let annotation = '';
        let database = -1;
        let expected = '';
        let consumed = '';
        const begin = (next: number): void => {
          expected += annotation;
          annotation = '';
          if (next >= 0 && next !== database) expected += resp('SELECT', String(next));
          if (next >= 0) database = next;
        };
        buffer.setTee(tee);
        for (const one of steps) {
          switch (one.kind) {
            case 'raw': {
              const end = Math.min(at + one.length, source.length);
              begin(one.database);
              expected += latin1(source.subarray(at, end));
              buffer.appendRaw(one.database, source, at, end);
              if (at > 0) joined++;
              at = end;
              break;
            }
            case 'skip':
              at = Math.min(at + one.length, source.length);
              break;
            case 'record':
              begin(one.database);
              expected += resp('SET', 'k', 'v');
              buffer.appendRecord(one.database, ['SET', 'k', Buffer.from('v')]);
              break;
            case 'reuse':
              buffer.settle();
              source.fill(one.byte);
              at = 0;
              break;
            case 'consume': {
              const text = textOf(buffer);
              const part = Math.floor(text.length / 2);
              consumed += text.slice(0, part);
              buffer.consume(part);
              break;
            }
            case 'second':
              nowMs += 1000;
              buffer.annotate(nowMs);
              annotation = `#TS:${nowMs / 1000}\r\n`;
              break;
          }
          expect(buffer.appendedBytes).toBe(expected.length);
        }
        expect(consumed + textOf(buffer)).toBe(expected);
        expect(tee.text).toBe(expected);
      }),
    );
    expect(joined).toBeGreaterThan(100);
  });
});

describe('the tee', () => {
  test('gets what comes after it was set, beginning with SELECT, and nothing after it was taken away', () => {
    const buffer = new RecordBuffer();
    const tee = new CollectingTee();
    buffer.appendRaw(4, encodeCommand(['BEFORE']), 0, encodeCommand(['BEFORE']).length);
    buffer.setTee(tee);
    buffer.appendRecord(4, ['DURING']);
    buffer.setTee(undefined);
    buffer.appendRecord(4, ['AFTER']);
    expect(tee.text).toBe(resp('SELECT', '4') + resp('DURING'));
    const log = ['SELECT 4', 'BEFORE', 'SELECT 4', 'DURING', 'AFTER'].map((line) => resp(...line.split(' ')));
    expect(textOf(buffer)).toBe(log.join(''));
  });
});

describe('memory', () => {
  test('grows with a burst and is given back after many small writes', () => {
    const buffer = new RecordBuffer();
    const idle = buffer.capacity;
    buffer.appendRecord(-1, ['SET', 'k', Buffer.alloc(3_000_000)]);
    expect(buffer.capacity).toBeGreaterThanOrEqual(3_000_000);
    buffer.consume(buffer.length);
    expect(buffer.capacity).toBeGreaterThanOrEqual(3_000_000);
    for (let i = 0; i < 70; i++) {
      buffer.appendRecord(-1, ['SET', 'k', 'v']);
      buffer.consume(buffer.length);
    }
    expect(buffer.capacity).toBe(idle);
    buffer.appendRecord(-1, ['A']);
    expect(textOf(buffer)).toBe(resp('A'));
  });

  test('stays while large writes go on', () => {
    const buffer = new RecordBuffer();
    for (let i = 0; i < 100; i++) {
      buffer.appendRecord(-1, ['SET', 'k', Buffer.alloc(1_500_000)]);
      buffer.consume(buffer.length);
      if (i > 0) expect(buffer.capacity).toBeGreaterThan(1_500_000);
    }
  });
});
