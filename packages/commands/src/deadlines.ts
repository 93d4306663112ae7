/**
 * Who gives up waiting when: a binary heap by deadline, from which anybody can be taken out in O(log n).
 *
 * Invariants: no item is due before its parent; `#positions` has the place of every item.
 */

interface Timed {
  /** Wall clock, ms. */
  readonly deadlineMs: number;
}

export class Deadlines<T extends Timed> {
  readonly #heap: T[] = [];
  readonly #positions = new Map<T, number>();

  get size(): number {
    return this.#heap.length;
  }

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Takes `item` out; nothing happens if it is not in. */
  remove(item: T): void {
    const at = this.#positions.get(item);
    const last = this.#heap.pop();
    if (at === undefined || last === undefined) {
      if (last !== undefined) this.#heap.push(last);
      return;
    }
    this.#positions.delete(item);
    if (last === item) return;
    this.#sink(last, at);
    this.#rise(last, this.#positions.get(last) ?? at);
  }

  /** Those that are due at `nowMs`, in no order; they stay in. O(their number). */
  dueAt(nowMs: number): T[] {
    const due: T[] = [];
    const places = [0];
    for (let at = places.pop(); at !== undefined; at = places.pop()) {
      const item = this.#heap[at];
      if (item === undefined || item.deadlineMs > nowMs) continue;
      due.push(item);
      places.push(2 * at + 1, 2 * at + 2);
    }
    return due;
  }

  #rise(item: T, start: number): void {
    let at = start;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.deadlineMs <= item.deadlineMs) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(item, at);
  }

  #sink(item: T, start: number): void {
    let at = start;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && right.deadlineMs < left.deadlineMs;
      const child = isRight ? right : left;
      if (child === undefined || child.deadlineMs >= item.deadlineMs) break;
      this.#place(child, at);
      at = 2 * at + (isRight ? 2 : 1);
    }
    this.#place(item, at);
  }

  #place(item: T, at: number): void {
    this.#heap[at] = item;
    this.#positions.set(item, at);
  }
}
