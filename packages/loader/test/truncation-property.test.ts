/** Wherever a log is cut off, what loads is what was whole, and the next start finds the same without cutting again. */
import { SimDisk } from '@aof/disk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentOf, load, put, record } from './recording-applier.ts';

interface Unit {
  readonly text: string;
  readonly applied: readonly string[];
}

const argument = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text).toString('latin1')),
  fc.constantFrom('', '*1\r\n$4\r\nEXEC\r\n', '\r\n', '#TS:1\r\n', 'x'.repeat(300)),
);
const command = fc.array(argument, { maxLength: 3 }).map((args) => ['SET', ...args]);

const unit: fc.Arbitrary<Unit> = fc.oneof(
  command.map((args) => ({ text: record(...args), applied: [args.join(' ')] })),
  fc.integer({ min: 0, max: 2 ** 31 }).map((second) => ({ text: `#TS:${second}\r\n`, applied: [] })),
  fc.array(command, { maxLength: 3 }).map((commands) => ({
    text: record('MULTI') + commands.map((args) => record(...args)).join('') + record('EXEC'),
    applied: commands.map((args) => args.join(' ')),
  })),
);

test('a log cut at any byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { maxLength: 6 }), fc.nat(), async (units, chosen) => {
      const whole = units.map(({ text }) => text).join('');
      const length = chosen % (whole.length + 1);
      const disk = put(new SimDisk(), whole.slice(0, length));
      const { applied, report } = await load(disk);

      let end = 0;
      const expected: string[] = [];
      for (const { text, applied: records } of units) {
        if (end + text.length > length) break;
        end += text.length;
        expected.push(...records);
      }
      expect(applied).toEqual(expected);
      expect(report?.state).toBe(end < length ? 'truncated' : length === 0 ? 'empty' : 'ok');
      const kept = contentOf(disk);
      // Annotations behind the last record may go too: they stand for nothing.
      expect(whole.startsWith(kept)).toBe(true);
      expect(whole.slice(kept.length, end)).toMatch(/^(#TS:\d+\r\n)*$/);
      const again = await load(disk);
      expect(again.applied).toEqual(expected);
      expect(again.report?.state).toBe(kept === '' ? 'empty' : 'ok');
    }),
    { numRuns: 300 },
  );
});
