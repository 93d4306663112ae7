/**
 * A file as chunks, one read ahead of what is being looked at.
 *
 * Invariants: memory is two chunks, however long the file is; nothing is written; no read is under way when it ends.
 */
import type { DiskFile } from '@aof/disk';

/** Large enough that the time goes into reading, small enough to stay in the processor's cache. */
export const CHUNK_BYTES = 1024 * 1024;
/** A file may grow while it is read, faster than small chunks could follow. */
const LEAST_BYTES = 64 * 1024;

/**
 * The bytes of `file` from `position` to its end. A chunk stays as it is until the next one is asked for.
 * @throws DiskError
 */
export async function* fileChunks(
  file: DiskFile,
  position: number,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Uint8Array, void, void> {
  const capacity = Math.max(1, Math.min(chunkBytes, Math.max(LEAST_BYTES, file.size() - position)));
  let [current, next] = [new Uint8Array(capacity), new Uint8Array(capacity)];
  let at = position;
  let pending = file.readAsync(current, 0, capacity, at);
  try {
    for (;;) {
      const length = await pending;
      if (length === 0) return;
      at += length;
      pending = file.readAsync(next, 0, capacity, at);
      // A failure is met by the await above, when this chunk is done with; until then it must not count as unhandled.
      pending.catch(() => undefined);
      yield current.subarray(0, length);
      [current, next] = [next, current];
    }
  } finally {
    await pending.catch(() => 0);
  }
}
