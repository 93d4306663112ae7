/** The keys that take most in a rewrite, of all that are seen. Exact; memory is a few times what is asked for. */
import type { BigKey } from './explanation.ts';
import type { LiveKey } from './simulated-rewrite.ts';

/** So many times the wanted number gather before the smaller ones are dropped. */
const SLACK = 8;

export class BiggestKeys {
  readonly #count: number;
  #keys: BigKey[] = [];
  /** Smaller ones are not among them. */
  #leastBytes = 0;

  constructor(count: number) {
    this.#count = count;
  }

  see({ database, key, type, bytes: liveBytes, expireAtMs }: LiveKey): void {
    if (liveBytes < this.#leastBytes) return;
    this.#keys.push({ database, key, type, liveBytes, expireAtMs });
    if (this.#keys.length >= SLACK * this.#count + SLACK) this.#keys = this.top();
  }

  /** Biggest first; of equal ones by name. */
  top(): BigKey[] {
    const top = this.#keys.sort(biggerFirst).slice(0, this.#count);
    if (top.length === this.#count) this.#leastBytes = top.at(-1)?.liveBytes ?? 0;
    return top;
  }
}

function biggerFirst(a: BigKey, b: BigKey): number {
  return b.liveBytes - a.liveBytes || (a.key < b.key ? -1 : 1);
}
