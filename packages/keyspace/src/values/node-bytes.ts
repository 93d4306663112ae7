/**
 * Memory for the nodes of lists, outside the garbage-collected heap. What a node gives back serves the next one at once, where the
 * collector would free it at some time: a queue, or a list that is written to while a snapshot reads it, needs no new memory.
 *
 * Invariants: sizes are multiples of STEP_BYTES, so that a few sizes fit all; a larger one than NODE_BYTES is exact and not kept. At
 * most KEPT_BYTES are kept in all.
 */
import { allocateLatin1, type Latin1Buffer } from '../latin1.ts';

/** The size that list-max-listpack-size -2 gives Redis's nodes. Small enough to move its bytes at each edit. */
export const NODE_BYTES = 8192;
const STEP_SHIFT = 7;
const STEP_BYTES = 1 << STEP_SHIFT;
const KEPT_BYTES = 1 << 20;

/** What is kept, by its size in steps. */
const kept: Latin1Buffer[][] = Array.from({ length: (NODE_BYTES >> STEP_SHIFT) + 1 }, () => []);
let keptBytes = 0;

/** Uninitialised memory of at least `byteLength`. */
export function takeNodeBytes(byteLength: number): Latin1Buffer {
  if (byteLength > NODE_BYTES) return allocateLatin1(byteLength);
  const steps = (byteLength + STEP_BYTES - 1) >> STEP_SHIFT;
  const found = kept[steps].pop();
  if (found === undefined) return allocateLatin1(steps << STEP_SHIFT);
  keptBytes -= found.length;
  return found;
}

/** Takes back what `takeNodeBytes` answered. Nobody may read or write it any more. */
export function giveNodeBytes(bytes: Latin1Buffer): void {
  if (bytes.length > NODE_BYTES) return;
  // Sizes that nobody asks for any more make way for those that are in use.
  if (keptBytes + bytes.length > KEPT_BYTES) {
    for (const buffers of kept) buffers.length = 0;
    keptBytes = 0;
  }
  keptBytes += bytes.length;
  kept[bytes.length >> STEP_SHIFT].push(bytes);
}
