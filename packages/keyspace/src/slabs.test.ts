import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SLOT_BYTES, Slabs, slotBytesOf, slotClassOf, slotOffset } from './slabs.ts';

test('every size has the smallest slot that holds it, and little is wasted', () => {
  for (let size = 1; size <= MAX_SLOT_BYTES; size++) {
    const sizeClass = slotClassOf(size);
    const bytes = slotBytesOf(sizeClass);
    expect(bytes).toBeGreaterThanOrEqual(size);
    expect(bytes - size).toBeLessThan(Math.max(8, size / 8));
    expect(bytes % 8).toBe(0);
    if (sizeClass > 0) expect(slotBytesOf(sizeClass - 1)).toBeLessThan(size);
  }
});

test('slots do not overlap and keep their bytes, whatever is freed and allocated', () => {
  const step = fc.record({
    size: fc.constantFrom(1, 8, 9, 57, 300, 5000, MAX_SLOT_BYTES),
    free: fc.nat(1000),
    n: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const slabs = new Slabs(16 * 1024);
      const slots: { address: number; bytes: number; n: number }[] = [];
      for (const { size, free, n } of steps) {
        if (free < 450 && slots.length > 0) {
          const [slot] = slots.splice(free % slots.length, 1);
          if (slot !== undefined) slabs.free(slot.address);
          continue;
        }
        const address = slabs.allocate(slotClassOf(size));
        const bytes = slotBytesOf(slotClassOf(size));
        const at = slotOffset(address);
        slabs.pageOf(address).bytes.fill(n, at, at + bytes);
        slots.push({ address, bytes, n });
      }
      for (const { address, bytes, n } of slots) {
        const at = slotOffset(address);
        expect(
          slabs
            .pageOf(address)
            .bytes.subarray(at, at + bytes)
            .every((byte) => byte === n),
        ).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('pages go back when their last slot is freed, and their numbers are used again', () => {
  const slabs = new Slabs(16 * 1024);
  const addresses = Array.from({ length: 100_000 }, () => slabs.allocate(slotClassOf(64)));
  const full = slabs.memoryBytes();
  expect(full).toBeGreaterThanOrEqual(6_400_000);
  for (const address of addresses) slabs.free(address);
  expect(slabs.memoryBytes()).toBeLessThan(full / 2);
  const { length } = slabs.pages;
  for (let i = 0; i < 20_000; i++) slabs.allocate(slotClassOf(256));
  expect(slabs.pages.length).toBe(length);
  expect(slabs.memoryBytes()).toBeLessThan(full);
});
