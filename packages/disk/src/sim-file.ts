/**
 * The content of one simulated file, twice: as a reader sees it now, and as the platter has it.
 *
 * Invariant: `durable` with all of `changes` applied in order equals `volatile`, unless a sync failed. A failed sync
 * leaves the pages clean although they may never have reached the platter, as Linux does: the changes it covered stay
 * readable, but what later syncs make durable in their place may be zeros.
 */

import { type Random, randomBelow } from './random.ts';

/** What a disk writes as a whole or not at all. */
export const SECTOR_BYTES = 512;

/** Bytes that grow in place. */
class GrowingBytes {
  #bytes = new Uint8Array(0);
  length = 0;

  /** A view, valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  writeAt(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length, 64));
      grown.set(this.view());
      this.#bytes = grown;
    }
    // A write behind the end leaves a hole of zeros.
    if (position > this.length) this.#bytes.fill(0, this.length, position);
    this.#bytes.set(bytes, position);
    if (end > this.length) this.length = end;
  }

  resize(size: number): void {
    if (size > this.length) this.writeAt(this.length, new Uint8Array(size - this.length));
    else this.length = size;
  }
}

interface ContentChange {
  readonly sequence: number;
  readonly kind: 'write' | 'resize';
  /** Where the write begins, or the new size. */
  readonly position: number;
  bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/** What becomes of the bytes of a file in a crash. */
export type CrashMode = 'power-cut' | 'kill' | 'only-synced';

export class SimFileNode {
  readonly kind = 'file';
  linkCount = 0;
  modifiedAtMs = 0;
  readonly #volatile = new GrowingBytes();
  readonly #durable = new GrowingBytes();
  #changes: ContentChange[] = [];
  #nextSequence = 0;
  #hasFailedSync = false;

  get length(): number {
    return this.#volatile.length;
  }

  /** A view, valid until the next change. */
  content(): Uint8Array {
    return this.#volatile.view();
  }

  append(bytes: Uint8Array): void {
    const position = this.#volatile.length;
    this.#volatile.writeAt(position, bytes);
    // Not `slice`, which of a Buffer is a view.
    this.#changes.push({ sequence: this.#nextSequence++, kind: 'write', position, bytes: new Uint8Array(bytes) });
  }

  resize(size: number): void {
    this.#volatile.resize(size);
    this.#changes.push({ sequence: this.#nextSequence++, kind: 'resize', position: size, bytes: NO_BYTES });
  }

  /** What a sync that starts now covers: pass it to `settle` or `spoil` when it ends. */
  syncMark(): number {
    return this.#nextSequence;
  }

  /** A sync succeeded: the changes before `mark` are on the platter. */
  settle(mark: number): void {
    let settled = 0;
    for (const change of this.#changes) {
      if (change.sequence >= mark) break;
      apply(this.#durable, change);
      settled++;
    }
    this.#changes.splice(0, settled);
  }

  /** A sync was cut off by a crash: about half of what it covered is on the platter. */
  settleHalf(mark: number): void {
    const covered = this.#changes.filter((change) => change.sequence < mark);
    const last = covered[covered.length >> 1];
    if (last === undefined) return;
    this.settle(last.sequence);
    if (last.kind === 'write') this.#durable.writeAt(last.position, last.bytes.subarray(0, last.bytes.length >> 1));
  }

  /** A sync failed: the kernel forgets that the changes before `mark` are unsynced, whether they reached the platter or not. */
  spoil(mark: number, random: Random): void {
    for (const change of this.#changes) {
      if (change.sequence >= mark || change.kind !== 'write') continue;
      change.bytes = someSectors(change.bytes, random);
      this.#hasFailedSync = true;
    }
  }

  /** The content that is found after a crash. */
  afterCrash(mode: CrashMode, random: Random): Uint8Array {
    if (mode === 'only-synced') return this.#durable.view().slice();
    if (mode === 'kill') {
      // The page cache outlives the process, but pages that a failed sync marked clean may have been evicted.
      const isEvicted = this.#hasFailedSync && random() < 0.5;
      return isEvicted ? this.#withChanges(this.#changes.length) : this.#volatile.view().slice();
    }
    const count = this.#changes.length;
    switch (randomBelow(random, 4)) {
      case 0:
        return this.#durable.view().slice();
      case 1:
        return this.#withChanges(count);
      case 2:
        return this.#withPrefix(randomBelow(random, count + 1), random);
      default:
        return this.#torn(random);
    }
  }

  #withChanges(count: number): Uint8Array {
    const bytes = new GrowingBytes();
    bytes.writeAt(0, this.#durable.view());
    for (const change of this.#changes.slice(0, count)) apply(bytes, change);
    return bytes.view().slice();
  }

  #withPrefix(count: number, random: Random): Uint8Array {
    const bytes = new GrowingBytes();
    bytes.writeAt(0, this.#withChanges(count));
    const next = this.#changes[count];
    if (next?.kind === 'write') {
      bytes.writeAt(next.position, next.bytes.subarray(0, randomBelow(random, next.bytes.length + 1)));
    }
    return bytes.view().slice();
  }

  /** Each sector is the new one or the old one, zeros where there was no old one; the new size may be there before the bytes. */
  #torn(random: Random): Uint8Array {
    const before = this.#durable.view();
    const after = this.#withChanges(this.#changes.length);
    const spread = after.length - before.length;
    const isFullLength = spread <= 0 || random() < 0.5;
    const length = isFullLength ? after.length : before.length + randomBelow(random, spread + 1);
    const torn = new Uint8Array(length);
    for (let start = 0; start < length; start += SECTOR_BYTES) {
      const end = Math.min(start + SECTOR_BYTES, length);
      const source = random() < 0.5 ? after : before;
      torn.set(source.subarray(start, Math.min(end, source.length)), start);
    }
    return torn;
  }
}

function apply(bytes: GrowingBytes, change: ContentChange): void {
  if (change.kind === 'write') bytes.writeAt(change.position, change.bytes);
  else bytes.resize(change.position);
}

/** All, none or some of the bytes, by sectors; the others are zeros. */
function someSectors(bytes: Uint8Array, random: Random): Uint8Array {
  const kept = new Uint8Array(bytes.length);
  const share = [0, 0.5, 1][randomBelow(random, 3)] ?? 0;
  for (let start = 0; start < bytes.length; start += SECTOR_BYTES) {
    if (random() < share) kept.set(bytes.subarray(start, start + SECTOR_BYTES), start);
  }
  return kept;
}
