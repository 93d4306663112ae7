/** Writing and reading for tests, all at once. */
import {
  type RdbEntry,
  type RdbReaderOptions,
  type RdbTarget,
  readRdbSync,
  type WriteRdbOptions,
  writeRdbSync,
} from '../src/index.ts';
import type { Key } from './arbitrary.ts';

export function writeKeys(keys: readonly Key[], target: RdbTarget, options: Partial<WriteRdbOptions> = {}): Buffer {
  const entries = keys.map((key) => ({ kind: 'key' as const, ...key }));
  return Buffer.concat([...writeRdbSync(entries, { target, origin: { createdSec: 1_700_000_000 }, ...options })]);
}

export function readAll(bytes: Uint8Array, options?: RdbReaderOptions): RdbEntry[] {
  return [...readRdbSync([bytes], options)];
}

/** The keys alone, with no more than was given to the writer. */
export function keysOf(entries: readonly RdbEntry[]): Key[] {
  return entries.flatMap((entry): Key[] => {
    if (entry.kind !== 'key') return [];
    const { kind: _kind, fileOffset: _offset, encoding: _encoding, part: _part, isLast: _isLast, ...key } = entry;
    return [key];
  });
}

/** The bytes in chunks whose sizes repeat `sizes`. */
export function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length);
    // A copy that is spoilt once it was used: the reader must not look at it again.
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    at += size;
    yield chunk;
    chunk.fill(0xee);
  }
}
