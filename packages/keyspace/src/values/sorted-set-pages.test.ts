import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubleOf, NODE_BYTES, NONE, SortedSetPages, wordOf } from './sorted-set-pages.ts';

const NODE_WORDS = NODE_BYTES / 4;

/** Pages whose first node is as long as the others. */
function wholePages(): SortedSetPages {
  const pages = new SortedSetPages();
  pages.fit(NODE_BYTES);
  return pages;
}

function fill(pages: SortedSetPages, node: number, word: number): void {
  pages.pageOf(node).words.fill(word, wordOf(node), wordOf(node) + NODE_WORDS);
}

function isFilled(pages: SortedSetPages, node: number, word: number): boolean {
  const at = wordOf(node);
  return pages
    .pageOf(node)
    .words.subarray(at, at + NODE_WORDS)
    .every((other) => other === word);
}

function allocate(pages: SortedSetPages, count: number): number[] {
  return Array.from({ length: count }, () => pages.allocate());
}

describe('the pages of a sorted set', () => {
  it('keep what nodes hold, whatever else is allocated and freed', () => {
    let most = 0;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 30 }), (steps) => {
        let pages = wholePages();
        const nodes: { node: number; word: number }[] = [];
        let word = 0;
        for (const step of steps) {
          for (let i = 0; i < step * 3; i++) {
            const node = pages.allocate();
            fill(pages, node, ++word);
            nodes.push({ node, word });
          }
          for (let i = 0; i > step && nodes.length > 0; i--) {
            const [gone] = nodes.splice((i * i * 7) % nodes.length, 1);
            pages.free(gone.node);
          }
          if (step % 5 === 0) pages = pages.clone();
          pages.verify(nodes.map(({ node }) => node));
          most = Math.max(most, nodes.length);
        }
        for (const each of nodes) expect(isFilled(pages, each.node, each.word)).toBe(true);
      }),
      { numRuns: 60 },
    );
    // Several pages of the largest size, or the test has seen but small ones.
    expect(most).toBeGreaterThan(300);
  });

  it('show words and doubles of the same memory', () => {
    const pages = wholePages();
    for (const node of allocate(pages, 200)) {
      const { words, doubles } = pages.pageOf(node);
      fill(pages, node, 0);
      doubles[doubleOf(node)] = 1;
      doubles[doubleOf(node) + NODE_BYTES / 8 - 1] = 1;
      const own = words.subarray(wordOf(node), wordOf(node) + NODE_WORDS);
      expect(own.filter((word) => word !== 0).length).toBe(2);
    }
  });

  it('grow with what there is, up to 64 nodes in a page, and are one as long as that is enough', () => {
    const pages = wholePages();
    const nodes: number[] = [];
    const sizes = new Map<number, number>();
    for (let count = 1; count <= 1000; count++) {
      const node = pages.allocate();
      fill(pages, node, count);
      nodes.push(node);
      const { slots } = pages.pageOf(node);
      sizes.set(node >>> 6, slots);
      expect(node >>> 6 === 0).toBe(count <= 64);
      expect(slots).toBeLessThanOrEqual(Math.min(64, Math.max(1, Math.floor(1.5 * count))));
    }
    nodes.forEach((node, i) => {
      expect(isFilled(pages, node, i + 1)).toBe(true);
    });
    expect(Math.max(...sizes.values())).toBe(64);
    expect(sizes.size).toBeLessThan(20);
  });

  it('give the only node no more than it needs', () => {
    const pages = new SortedSetPages();
    const node = pages.allocate();
    let copies = 0;
    for (let bytes = 8; bytes <= NODE_BYTES; bytes += 8) {
      const { words, doubles } = pages.pageOf(node);
      pages.fit(bytes);
      const page = pages.pageOf(node);
      if (page.words !== words) copies++;
      if (bytes > 8) expect(page.doubles[bytes / 8 - 2]).toBe(bytes - 8);
      expect(page.words.byteLength).toBeGreaterThanOrEqual(bytes);
      expect(page.words.byteLength).toBeLessThan(bytes + 330);
      expect(pages.memoryBytes()).toBeLessThan(page.words.byteLength + 500);
      page.doubles[bytes / 8 - 1] = bytes;
      expect(page.doubles.length).toBeGreaterThanOrEqual(doubles.length);
    }
    expect(copies).toBe(4);
    pages.verify([node]);
    pages.verify([node, pages.allocate()]);
    expect(pages.pageOf(node).doubles[NODE_BYTES / 8 - 1]).toBe(NODE_BYTES);
  });

  it('give the slots of freed nodes to the next ones', () => {
    const pages = wholePages();
    const nodes = allocate(pages, 500);
    const bytes = pages.memoryBytes();
    // None of them the only one in its page.
    const gone = nodes.filter((_, i) => i > 50 && i % 7 === 3);
    for (const node of gone) pages.free(node);
    expect(new Set(allocate(pages, gone.length))).toEqual(new Set(gone));
    expect(pages.memoryBytes()).toBe(bytes);
  });

  it('are given back when their last node goes, and their numbers are used again', () => {
    const pages = wholePages();
    const nodes = allocate(pages, 2000);
    const bytes = pages.memoryBytes();
    for (const node of nodes.splice(200)) pages.free(node);
    pages.verify(nodes);
    expect(pages.memoryBytes()).toBeLessThan(bytes / 5);
    const greatest = Math.max(...nodes.map((node) => node >>> 6));
    nodes.push(...allocate(pages, 1000));
    expect(pages.memoryBytes()).toBeLessThan(bytes);
    expect(Math.max(...nodes.map((node) => node >>> 6))).toBeLessThan(greatest + 1000 / 32);
    pages.verify(nodes);
  });

  it('are vacated one after the other while more than half of their slots are free', () => {
    let vacated = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1500 }), fc.integer({ min: 1, max: 20 }), (count, share) => {
        let pages = wholePages();
        let nodes = allocate(pages, count).map((node, i) => ({ node, word: i }));
        for (const { node, word } of nodes) fill(pages, node, word);
        nodes = nodes.filter(({ node }, i) => {
          if ((i * 7919) % 20 >= share) pages.free(node);
          return (i * 7919) % 20 < share;
        });
        for (let steps = 0; ; steps++) {
          const node = pages.nodeToMove();
          if (node === NONE) break;
          const moved = pages.move(node);
          nodes = nodes.map((each) => (each.node === node ? { ...each, node: moved } : each));
          vacated++;
          if (steps % 50 === 7) pages = pages.clone();
          // Nodes that come and go meanwhile.
          if (steps % 20 === 3) {
            const node = pages.allocate();
            fill(pages, node, steps);
            nodes.push({ node, word: steps });
          }
          const [gone] = steps % 9 === 1 ? nodes.splice(steps % nodes.length, 1) : [];
          if (gone) pages.free(gone.node);
          if (steps % 25 === 0) pages.verify(nodes.map(({ node }) => node));
          expect(steps).toBeLessThan(2000);
        }
        pages.verify(nodes.map(({ node }) => node));
        for (const { node, word } of nodes) expect(isFilled(pages, node, word)).toBe(true);
        const bytes = Math.max(2 * nodes.length + 64, 128) * NODE_BYTES;
        expect(pages.memoryBytes()).toBeLessThan(bytes * 1.2);
      }),
      { numRuns: 40 },
    );
    expect(vacated).toBeGreaterThan(500);
  });

  it('take up the slots of a page that is being vacated when no others are free', () => {
    const pages = wholePages();
    const nodes = allocate(pages, 1000);
    const bytes = pages.memoryBytes();
    const kept = nodes.filter((_, i) => i % 5 === 0);
    for (const node of nodes) if (!kept.includes(node)) pages.free(node);
    const node = pages.nodeToMove();
    expect(node).not.toBe(NONE);
    kept.push(...allocate(pages, nodes.length - kept.length));
    expect(pages.memoryBytes()).toBe(bytes);
    pages.verify(kept);
  });

  it('stay while they alone have free slots, so that a node that comes and goes makes no page each time', () => {
    const pages = wholePages();
    for (let size = 1; size < 300; size++) {
      const node = pages.allocate();
      const page = pages.pageOf(node);
      pages.free(node);
      expect(pages.pageOf(pages.allocate())).toBe(page);
    }
  });
});
