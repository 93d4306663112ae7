/**
 * The names that weigh most in a stream of weighted names, in bounded memory.
 *
 * Names are counted exactly until there are twice as many as are to be kept; then the lighter half is dropped. A name that
 * is counted anew may have been dropped before, so it carries how much may be missing from its count.
 *
 * Invariants: for every name, counted <= true weight <= counted + mayMiss; as long as nothing was dropped mayMiss is 0;
 * a name that is not here weighs at most `absentCeiling`.
 *
 * Source: the idea of Space-Saving (Metwally, Agrawal, El Abbadi, 2005), with counts that never say too much, dropped in
 * halves, so that an addition costs O(1) on average.
 */

export interface Hitter {
  readonly name: string;
  /** What was counted: never more than the truth. */
  weight: number;
  /** What may be missing from `weight`. */
  readonly mayMiss: number;
}

export interface HeavyHittersOptions<T extends Hitter> {
  /** So many names are kept at least; up to twice as many are in memory. */
  readonly capacity: number;
  /** Names are dropped also when they are longer than this together. Characters. Default: no limit. */
  readonly maxNameLength?: number;
  readonly create: (name: string, mayMiss: number) => T;
}

export class HeavyHitters<T extends Hitter> {
  readonly #options: HeavyHittersOptions<T>;
  readonly #maxNameLength: number;
  #hitters = new Map<string, T>();
  #absentCeiling = 0;
  #nameLength = 0;

  constructor(options: HeavyHittersOptions<T>) {
    this.#options = options;
    this.#maxNameLength = options.maxNameLength ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#hitters.size;
  }

  /** The most that a name can weigh that is not here; 0: all names that came are here, and exact. */
  get absentCeiling(): number {
    return this.#absentCeiling;
  }

  find(name: string): T | undefined {
    return this.#hitters.get(name);
  }

  /** Adds to the weight of `name`, and answers its entry, which holds until the next call. */
  add(name: string, weight: number): T {
    let hitter = this.#hitters.get(name);
    if (hitter === undefined) {
      if (this.#isFull(name)) this.#dropLighterHalf();
      hitter = this.#options.create(name, this.#absentCeiling);
      this.#hitters.set(name, hitter);
      this.#nameLength += name.length;
    }
    hitter.weight += weight;
    return hitter;
  }

  /** Weight that is given to no name: whichever name it was for misses at most that much. */
  addUnnamed(weight: number): void {
    this.#absentCeiling += weight;
  }

  /** Heaviest first; of equal ones by name. */
  top(count = Number.POSITIVE_INFINITY): T[] {
    const all = [...this.#hitters.values()].sort(heavierFirst);
    return all.length > count ? all.slice(0, count) : all;
  }

  #isFull(name: string): boolean {
    if (this.#hitters.size === 0) return false;
    return this.#hitters.size >= 2 * this.#options.capacity || this.#nameLength + name.length > 2 * this.#maxNameLength;
  }

  #dropLighterHalf(): void {
    // By what they may weigh, so that the ceiling over those that go is as low as can be.
    const order = [...this.#hitters.values()].sort((a, b) => b.weight + b.mayMiss - (a.weight + a.mayMiss));
    const kept = new Map<string, T>();
    let nameLength = 0;
    for (const hitter of order) {
      const fits = kept.size < this.#options.capacity && nameLength + hitter.name.length <= this.#maxNameLength;
      if (fits) {
        kept.set(hitter.name, hitter);
        nameLength += hitter.name.length;
      } else this.#absentCeiling = Math.max(this.#absentCeiling, hitter.weight + hitter.mayMiss);
    }
    this.#hitters = kept;
    this.#nameLength = nameLength;
  }
}

function heavierFirst(a: Hitter, b: Hitter): number {
  return b.weight - a.weight || (a.name < b.name ? -1 : 1);
}
