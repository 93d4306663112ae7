/**
 * How long the calls of one command took: a histogram whose buckets grow with what they hold, so that each is exact to about
 * 6%. Durations above a second count as one second, as in Redis.
 *
 * Format: bucket `i` below 16 is for `i` nanoseconds; above, each power of two is divided into 16.
 */

const SUB_BITS = 4;
const SUBS = 1 << SUB_BITS;
const MAX_NS = 1e9;
const BUCKETS = bucketOf(MAX_NS) + 1;
/** Where the first bucket of LATENCY HISTOGRAM ends; each further one ends at twice that. */
const FIRST_NS = 1024;

function bucketOf(ns: number): number {
  if (ns < SUBS) return ns;
  const exponent = 31 - Math.clz32(ns);
  return ((exponent - SUB_BITS) << SUB_BITS) + (ns >>> (exponent - SUB_BITS));
}

/** The longest duration of a bucket. */
function endOf(bucket: number): number {
  if (bucket < SUBS) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return ((bucket & (SUBS - 1)) + SUBS + 1) * 2 ** shift - 1;
}

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** `calls` calls of that mean duration. */
  record(meanUs: number, calls: number): void {
    this.#total += calls;
    const bucket = bucketOf(Math.min(MAX_NS, Math.max(0, Math.round(meanUs * 1000))));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + calls;
  }

  /** The duration that `percent` of the calls did not exceed, µs. */
  percentileUs(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.#total * percent) / 100));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted) return endOf(bucket) / 1000;
    }
    return 0;
  }

  /** How many calls took at most so many µs, for powers of two of about a µs; only where the number grows. */
  cumulative(): [us: number, calls: number][] {
    const steps: [number, number][] = [];
    let seen = 0;
    let bucket = 0;
    for (let limitNs = FIRST_NS; seen < this.#total; limitNs *= 2) {
      const before = seen;
      for (; bucket < BUCKETS && endOf(bucket) <= limitNs; bucket++) seen += this.#counts[bucket] ?? 0;
      if (seen > before) steps.push([Math.floor(limitNs / 1000), seen]);
    }
    return steps;
  }
}
