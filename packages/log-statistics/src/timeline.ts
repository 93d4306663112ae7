/**
 * Bytes and commands along an axis (time, or the position in the log), in a bounded number of buckets of equal width.
 *
 * An axis whose end is not known begins with the narrowest buckets; whenever it outgrows them, neighbours are joined and
 * the width doubles. Each bucket also knows its bytes by series (types, prefixes).
 *
 * Invariants: no value is lost: the buckets' sums are what was added; `origin + i * width` is where bucket i begins.
 */

/** Series that a bucket tells apart; what comes beyond counts as OTHER. */
const MAX_SERIES = 512;

/** The series of what there was no room for. No name is that long. */
export const OTHER = '\0other';

export interface Bucket {
  bytes: number;
  commands: number;
  readonly types: Map<string, number>;
  readonly prefixes: Map<string, number>;
}

export interface TimelineOptions {
  /** Where the axis begins. */
  readonly origin: number;
  /** Width of the first buckets, in the axis's unit. */
  readonly width: number;
  readonly maxBuckets: number;
}

export class Timeline {
  readonly origin: number;
  readonly #maxBuckets: number;
  #width: number;
  #buckets: (Bucket | undefined)[] = [];

  constructor({ origin, width, maxBuckets }: TimelineOptions) {
    this.origin = origin;
    this.#width = width;
    this.#maxBuckets = maxBuckets;
  }

  get width(): number {
    return this.#width;
  }

  /** One for each width from the origin to the last one that has something. */
  get buckets(): readonly Bucket[] {
    return Array.from(this.#buckets, (bucket) => bucket ?? emptyBucket());
  }

  /** The bucket at `at`; what lies before the origin belongs to the first. */
  at(at: number): Bucket {
    let index = Math.max(0, Math.floor((at - this.origin) / this.#width));
    while (index >= this.#maxBuckets) {
      this.#joinNeighbours();
      index = Math.floor((at - this.origin) / this.#width);
    }
    let bucket = this.#buckets[index];
    if (bucket === undefined) {
      bucket = emptyBucket();
      this.#buckets[index] = bucket;
    }
    return bucket;
  }

  #joinNeighbours(): void {
    const joined: (Bucket | undefined)[] = [];
    for (let i = 0; i < this.#buckets.length; i += 2) joined.push(sumOf(this.#buckets[i], this.#buckets[i + 1]));
    this.#buckets = joined;
    this.#width *= 2;
  }
}

function emptyBucket(): Bucket {
  return { bytes: 0, commands: 0, types: new Map(), prefixes: new Map() };
}

/** Adds to one of the bucket's series. */
export function addToSeries(series: Map<string, number>, name: string, bytes: number): void {
  const before = series.get(name);
  if (before !== undefined || series.size < MAX_SERIES) series.set(name, (before ?? 0) + bytes);
  else series.set(OTHER, (series.get(OTHER) ?? 0) + bytes);
}

function sumOf(one: Bucket | undefined, other: Bucket | undefined): Bucket | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  one.bytes += other.bytes;
  one.commands += other.commands;
  for (const [name, bytes] of other.types) addToSeries(one.types, name, bytes);
  for (const [name, bytes] of other.prefixes) addToSeries(one.prefixes, name, bytes);
  return one;
}
