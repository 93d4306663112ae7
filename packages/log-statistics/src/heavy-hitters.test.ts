import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeavyHitters, type Hitter } from './heavy-hitters.ts';

const create = (name: string, mayMiss: number): Hitter => ({ name, mayMiss, weight: 0 });

describe('heavy hitters', () => {
  test('are exact as long as all names fit', () => {
    const names = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(9)), { maxLength: 60 });
    fc.assert(
      fc.property(names, (added) => {
        const hitters = new HeavyHitters<Hitter>({ capacity: 3, create });
        const truth = truthOf(hitters, added);
        expect(new Map(hitters.top().map(({ name, weight }) => [name, weight]))).toEqual(truth);
        expect(hitters.absentCeiling).toBe(0);
      }),
    );
  });

  test('never count too much, and miss no more than they say', () => {
    let droppedRuns = 0;
    const names = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 2 }), fc.integer({ min: 1, max: 9 })), {
      minLength: 20,
      maxLength: 400,
    });
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 8 }), (added, capacity) => {
        const hitters = new HeavyHitters<Hitter>({ capacity, maxNameLength: 12, create });
        const truth = truthOf(hitters, added);
        expect(hitters.size).toBeLessThanOrEqual(2 * capacity);
        if (hitters.absentCeiling > 0) droppedRuns++;
        for (const [name, weight] of truth) {
          const hitter = hitters.find(name);
          if (hitter === undefined) expect(weight).toBeLessThanOrEqual(hitters.absentCeiling);
          else {
            expect(hitter.weight).toBeLessThanOrEqual(weight);
            expect(hitter.weight + hitter.mayMiss).toBeGreaterThanOrEqual(weight);
          }
        }
      }),
    );
    expect(droppedRuns).toBeGreaterThan(50);
  });

  test('find a name that outweighs the noise, although it comes late', () => {
    const hitters = new HeavyHitters<Hitter>({ capacity: 16, create });
    for (let i = 0; i < 5000; i++) {
      hitters.add(`noise ${i}`, 1);
      if (i > 2500 && i % 4 === 0) hitters.add('late', 1);
    }
    const [first] = hitters.top(1);
    expect(first?.name).toBe('late');
    expect(first?.weight).toBe(624);
    expect(first?.mayMiss).toBeLessThan(5000 / 16);
  });
});

function truthOf(hitters: HeavyHitters<Hitter>, added: readonly (readonly [string, number])[]): Map<string, number> {
  const truth = new Map<string, number>();
  for (const [name, weight] of added) {
    hitters.add(name, weight);
    truth.set(name, (truth.get(name) ?? 0) + weight);
  }
  return truth;
}
