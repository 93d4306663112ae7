/** Deadlines equal a naive list, whatever is added and taken out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.ts';

const STEPS = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), at: fc.nat(50) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat(100) }),
    fc.record({ kind: fc.constant('due' as const), at: fc.nat(60) }),
  ),
  { maxLength: 120 },
);

test('the first, the number and those who are due are those of a list', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const deadlines = new Deadlines<{ readonly deadlineMs: number }>();
      const model: { readonly deadlineMs: number }[] = [];
      for (const { kind, at } of steps) {
        if (kind === 'add') {
          const item = { deadlineMs: at };
          deadlines.add(item);
          model.push(item);
        } else if (kind === 'remove') {
          const item = model[at % Math.max(1, model.length)];
          if (item !== undefined) {
            model.splice(model.indexOf(item), 1);
            deadlines.remove(item);
          }
          deadlines.remove({ deadlineMs: at });
        } else {
          const due = deadlines.dueAt(at);
          expect(new Set(due)).toEqual(new Set(model.filter(({ deadlineMs }) => deadlineMs <= at)));
          expect(due.length).toBe(new Set(due).size);
        }
        expect(deadlines.size).toBe(model.length);
        const least = model.length === 0 ? undefined : Math.min(...model.map(({ deadlineMs }) => deadlineMs));
        expect(deadlines.first?.deadlineMs).toBe(least);
      }
    }),
  );
});
