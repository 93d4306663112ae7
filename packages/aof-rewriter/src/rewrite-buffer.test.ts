import { SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import { RewriteBuffer } from './rewrite-buffer.ts';

const PATH = '/temp-rewriteaof-buffer-1.aof';

function create(ceilingBytes: number): { buffer: RewriteBuffer; disk: SimDisk; append(text: string): void } {
  const disk = new SimDisk();
  const buffer = new RewriteBuffer({ disk, overflowPath: PATH, ceilingBytes });
  return {
    buffer,
    disk,
    append: (text) => {
      const bytes = Buffer.from(`<${text}>`);
      buffer.append(bytes, 1, bytes.length - 1);
    },
  };
}

function drained(buffer: RewriteBuffer, maxBytes = Number.POSITIVE_INFINITY): string {
  let text = '';
  buffer.drain(maxBytes, (bytes) => {
    text += Buffer.from(bytes).toString();
  });
  return text;
}

describe('the rewrite buffer', () => {
  test('gives out what it was given, in order, from memory and beyond', () => {
    for (const ceilingBytes of [0, 10, 100, 1_000_000]) {
      const { buffer, disk, append } = create(ceilingBytes);
      let given = '';
      let taken = '';
      for (let i = 0; i < 300; i++) {
        const text = `record ${i}, `;
        given += text;
        append(text);
        if (i % 70 === 69) taken += drained(buffer, 500);
        expect(buffer.byteLength).toBe(given.length - taken.length);
      }
      taken += drained(buffer);
      expect(taken).toBe(given);
      expect(buffer.byteLength).toBe(0);
      expect(disk.status(PATH) !== undefined).toBe(ceilingBytes < 1_000_000);
      buffer.release();
      expect(disk.status(PATH)).toBeUndefined();
    }
  });

  test('holds more than one chunk', () => {
    const { buffer } = create(8 << 20);
    const bytes = Buffer.alloc(3_000_000, 'abcdefg');
    buffer.append(bytes, 0, bytes.length);
    buffer.append(bytes, 5, 10);
    expect(drained(buffer)).toBe(bytes.toString() + bytes.subarray(5, 10).toString());
  });

  test.each([0, 8 << 20])('gives out little more than it is asked for, ceiling %i', (ceilingBytes) => {
    const { buffer } = create(ceilingBytes);
    const bytes = Buffer.alloc(1_000_000, 'abcdefg');
    buffer.append(bytes, 0, bytes.length);
    const taken = drained(buffer, 100_000);
    expect(taken.length).toBeGreaterThanOrEqual(100_000);
    expect(taken.length).toBeLessThan(200_000);
    expect(buffer.byteLength).toBe(bytes.length - taken.length);
  });

  test('fails when the disk is full, once it is needed, and not in the command that appends', () => {
    const { buffer, disk, append } = create(5);
    disk.freeSpaceBytes = 3;
    append('12345');
    expect(buffer.failure).toBeUndefined();
    append('6789');
    expect(buffer.failure?.code).toBe('ENOSPC');
    append('more');
    expect(() => drained(buffer)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  });
});
