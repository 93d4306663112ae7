/**
 * Memory for the nodes of a sorted set's tree (sorted-set-tree.ts), outside the garbage-collected heap: slots of one size in
 * pages. A node is a number, the place of its slot:
 *
 *     node = page number << 6 | slot in the page
 *
 * What slabs.ts does for bytes of many sizes, this does for nodes: they are columns of integers and doubles, and a small
 * tree pays for no list of sizes. A small tree has one page, which is copied into a larger one when it is full; the pages that
 * follow grow with the tree up to 48 KiB, so that none takes long to make. A page whose last node goes is given back, unless it
 * alone has free slots: else a tree that grows and shrinks by a node would make and drop a page each time. While more than half
 * of all slots are free, the emptiest page is vacated: whoever removes nodes moves one of its nodes elsewhere each time.
 *
 * Invariants: a slot is in use, or it is free and says so; the free ones are in a list, linked both ways through the slots themselves,
 * but for those of the page that is being vacated; all pages have the same kinds of arrays, whatever their size.
 */

/** Inserts, removals and ranges cost about the same with slots of 512 bytes to 3 KiB; small trees take less with small ones. */
export const NODE_BYTES = 768;
/** No node. */
export const NONE = -1;

const SLOT_BITS = 6;
const MAX_SLOTS = 1 << SLOT_BITS;
const NODE_WORDS = NODE_BYTES / Int32Array.BYTES_PER_ELEMENT;
const NODE_DOUBLES = NODE_BYTES / Float64Array.BYTES_PER_ELEMENT;
/** What the first node has at first, and what it is given more at least than it needs. */
const LEAST_BYTES = 328;
const STEP_BYTES = 120;
/** From so many pages of the largest size on it is worthwhile to vacate one, and there is room for its nodes elsewhere. */
const LEAST_VACATED = 2;
/** Half of what there is comes new. */
const GROWTH_SHIFT = 1;
/** In words from the beginning of a free slot: that it is free, and its neighbours in the list of free slots, or NONE. */
const STATE = 0;
const NEXT_FREE = 1;
const PREVIOUS_FREE = 2;
/** What the first word of a node never is, for that is a count. */
const FREE = -1;
/** What V8 takes for a page beside its bytes, about. */
const PAGE_OVERHEAD_BYTES = 400;

/** A page: `words` and `doubles` show the same memory. It may be shorter than its only slot. */
export class NodePage {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Slots in use. */
  live = 0;

  constructor(byteLength: number) {
    const buffer = new ArrayBuffer(byteLength);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  get byteLength(): number {
    return this.words.byteLength;
  }

  get slots(): number {
    return Math.ceil(this.words.length / NODE_WORDS);
  }

  /** A page with the same nodes, and room for more if `byteLength` is more. */
  clone(byteLength = this.byteLength): NodePage {
    const copy = new NodePage(byteLength);
    copy.words.set(this.words);
    copy.live = this.live;
    return copy;
  }
}

/** Where a node's words begin in those of its page. */
export function wordOf(node: number): number {
  return (node & (MAX_SLOTS - 1)) * NODE_WORDS;
}

/** Where a node's doubles begin in those of its page. */
export function doubleOf(node: number): number {
  return (node & (MAX_SLOTS - 1)) * NODE_DOUBLES;
}

/**
 * Index, from `low` to `high`, of the first of the ascending scores behind `start` that is not below `score`, or above it if
 * `isInclusive`; `high` if there is none.
 */
export function scoreBound(
  doubles: Float64Array,
  start: number,
  low: number,
  high: number,
  score: number,
  isInclusive: boolean,
): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = doubles[start + middle];
    if (other < score || (isInclusive && other === score)) from = middle + 1;
    else to = middle;
  }
  return from;
}

export class SortedSetPages {
  /** By number; undefined where a page was given back. */
  #pages: (NodePage | undefined)[] = [new NodePage(LEAST_BYTES)];
  readonly #unusedNumbers: number[] = [];
  /** The first of the free slots. */
  #free = NONE;
  #slots = 0;
  #live = 0;
  /** The number of the page that is being vacated, or NONE. */
  #vacating = NONE;

  constructor() {
    this.#addSlots(0, 0, 1);
  }

  /**
   * Makes sure that the first `bytes` of the first node are there: as long as it is the only one, its page may be shorter, so
   * that a tree of a few pairs takes little.
   */
  fit(bytes: number): void {
    const first = this.#pages[0];
    if (first === undefined || first.byteLength >= bytes) return;
    this.#pages[0] = first.clone(Math.min(NODE_BYTES, bytes + STEP_BYTES));
  }

  /** The page of a node that is in use, until the next `allocate` or `fit`. */
  pageOf(node: number): NodePage {
    // A node that is in use has a page.
    return this.#pages[node >>> SLOT_BITS] as NodePage;
  }

  /** A slot for a node. Its first word is 0; what else it holds is unspecified. */
  allocate(): number {
    if (this.#free === NONE) this.#stopVacating();
    if (this.#free === NONE) this.#grow();
    const node = this.#free;
    this.#unlink(node);
    this.setWord(node, STATE, 0);
    this.pageOf(node).live++;
    this.#live++;
    return node;
  }

  /** Gives the slot of a node back. */
  free(node: number): void {
    const number = node >>> SLOT_BITS;
    const page = this.pageOf(node);
    page.live--;
    this.#live--;
    this.setWord(node, STATE, FREE);
    const isVacating = number === this.#vacating;
    if (!isVacating) this.#link(node);
    if (page.live > 0 || (!isVacating && this.#slots - this.#live <= page.slots)) return;
    if (isVacating) this.#vacating = NONE;
    else this.#unlinkAll(number, page);
    this.#pages[number] = undefined;
    this.#unusedNumbers.push(number);
    this.#slots -= page.slots;
  }

  /** A node that would better be moved, because too few slots are in use; NONE if there is none. */
  nodeToMove(): number {
    if (2 * this.#live >= this.#slots || this.#slots < LEAST_VACATED * MAX_SLOTS) return NONE;
    if (this.#vacating === NONE) this.#vacateEmptiest();
    const first = this.#vacating << SLOT_BITS;
    const { words, slots } = this.pageOf(first);
    for (let slot = 0; slot < slots; slot++) if (words[slot * NODE_WORDS + STATE] !== FREE) return first | slot;
    return NONE;
  }

  /** Moves what a node holds to another slot, and frees its own; answers where it is now. */
  move(node: number): number {
    const moved = this.allocate();
    const source = this.pageOf(node).words;
    const target = this.pageOf(moved).words;
    for (let i = 0; i < NODE_WORDS; i++) target[wordOf(moved) + i] = source[wordOf(node) + i];
    this.free(node);
    return moved;
  }

  /** The same nodes in pages of their own. */
  clone(): SortedSetPages {
    const copy = new SortedSetPages();
    copy.#pages = this.#pages.map((page) => page?.clone());
    copy.#unusedNumbers.push(...this.#unusedNumbers);
    copy.#free = this.#free;
    copy.#slots = this.#slots;
    copy.#live = this.#live;
    copy.#vacating = this.#vacating;
    return copy;
  }

  /** Bytes of all pages, with what V8 takes for each. */
  memoryBytes(): number {
    const missing = this.#slots === 1 ? NODE_BYTES - (this.#pages[0]?.byteLength ?? 0) : 0;
    const pages = this.#pages.length - this.#unusedNumbers.length;
    return this.#slots * NODE_BYTES - missing + pages * PAGE_OVERHEAD_BYTES;
  }

  /**
   * Checks that every slot is free or one of `nodes`, and that the pages are counted rightly; for tests.
   *
   * @throws Error that says what does not hold
   */
  verify(nodes: readonly number[]): void {
    const inUse = new Set(nodes);
    const places = new Set(nodes);
    if (places.size !== nodes.length) throw new Error('a slot is two nodes');
    let previous = NONE;
    for (let free = this.#free; free !== NONE; free = this.word(free, NEXT_FREE)) {
      if (this.word(free, PREVIOUS_FREE) !== previous) throw new Error('broken list of free slots');
      if (places.has(free)) throw new Error('a slot is free twice, or free and in use');
      if (free >>> SLOT_BITS === this.#vacating) throw new Error('a slot that is to be vacated is offered');
      places.add(free);
      previous = free;
    }
    let slots = 0;
    this.#pages.forEach((page, number) => {
      if (page === undefined) return;
      slots += page.slots;
      for (let slot = 0; slot < page.slots; slot++) {
        const node = (number << SLOT_BITS) | slot;
        if (number === this.#vacating) places.add(node);
        if ((this.word(node, STATE) === FREE) === inUse.has(node)) throw new Error('a slot is marked wrongly');
      }
      const live = nodes.filter((node) => node >>> SLOT_BITS === number).length;
      if (page.live !== live) throw new Error(`${live} nodes in a page that counts ${page.live}`);
    });
    const isCounted = this.#slots === slots && this.#live === nodes.length && places.size === slots;
    if (!isCounted) throw new Error(`${slots} slots are counted as ${this.#slots}, ${this.#live} of them in use`);
    const unused = this.#pages.flatMap((page, number) => (page === undefined ? [number] : []));
    if (unused.join() !== this.#unusedNumbers.toSorted((a, b) => a - b).join()) throw new Error('lost page numbers');
  }

  /** Adds free slots, about half of what there is. */
  #grow(): void {
    const before = this.#slots;
    const added = Math.max(1, before >>> GROWTH_SHIFT);
    const only = this.#pages[0];
    if (only !== undefined && only.slots === before && before < MAX_SLOTS) {
      const slots = Math.min(MAX_SLOTS, before + added);
      this.#pages[0] = only.clone(slots * NODE_BYTES);
      this.#addSlots(0, before, slots);
    } else {
      const slots = Math.min(MAX_SLOTS, added);
      const number = this.#unusedNumbers.pop() ?? this.#pages.length;
      this.#pages[number] = new NodePage(slots * NODE_BYTES);
      this.#addSlots(number, 0, slots);
    }
  }

  #addSlots(number: number, start: number, end: number): void {
    this.#slots += end - start;
    // The first slot is the first to be used.
    for (let slot = end - 1; slot >= start; slot--) {
      const node = (number << SLOT_BITS) | slot;
      this.setWord(node, STATE, FREE);
      this.#link(node);
    }
  }

  /** Begins with the page that has the fewest nodes for its size, but has some. */
  #vacateEmptiest(): void {
    let least = Number.POSITIVE_INFINITY;
    this.#pages.forEach((page, number) => {
      if (page === undefined || page.live === 0 || page.live / page.slots >= least) return;
      least = page.live / page.slots;
      this.#vacating = number;
    });
    this.#unlinkAll(this.#vacating, this.pageOf(this.#vacating << SLOT_BITS));
  }

  /** Takes the free slots of the page that is being vacated into use again. */
  #stopVacating(): void {
    if (this.#vacating === NONE) return;
    const first = this.#vacating << SLOT_BITS;
    const { words, slots } = this.pageOf(first);
    this.#vacating = NONE;
    for (let slot = 0; slot < slots; slot++) if (words[slot * NODE_WORDS + STATE] === FREE) this.#link(first | slot);
  }

  /** Takes the free slots of a page out of the list. */
  #unlinkAll(number: number, { words, slots }: NodePage): void {
    for (let slot = 0; slot < slots; slot++) {
      if (words[slot * NODE_WORDS + STATE] === FREE) this.#unlink((number << SLOT_BITS) | slot);
    }
  }

  #link(node: number): void {
    this.setWord(node, NEXT_FREE, this.#free);
    this.setWord(node, PREVIOUS_FREE, NONE);
    if (this.#free !== NONE) this.setWord(this.#free, PREVIOUS_FREE, node);
    this.#free = node;
  }

  #unlink(node: number): void {
    const next = this.word(node, NEXT_FREE);
    const previous = this.word(node, PREVIOUS_FREE);
    if (previous === NONE) this.#free = next;
    else this.setWord(previous, NEXT_FREE, next);
    if (next !== NONE) this.setWord(next, PREVIOUS_FREE, previous);
  }

  /** Word `field` of a node. */
  word(node: number, field: number): number {
    return this.pageOf(node).words[wordOf(node) + field];
  }

  setWord(node: number, field: number, value: number): void {
    this.pageOf(node).words[wordOf(node) + field] = value;
  }
}

// Columns in a node: items of one kind, one behind the other. One function for each kind of array, so that V8 sees one in each.

/** Puts `word` at `at` in the column of `count` items that begins at `from`; those behind it move on. */
export function insertWord(words: Int32Array, from: number, count: number, at: number, word: number): void {
  for (let i = from + count; i > from + at; i--) words[i] = words[i - 1];
  words[from + at] = word;
}

export function insertDouble(doubles: Float64Array, from: number, count: number, at: number, double: number): void {
  for (let i = from + count; i > from + at; i--) doubles[i] = doubles[i - 1];
  doubles[from + at] = double;
}
