/** Random configurations for property tests: texts that an option takes, and files that hold them. */

import fc from 'fast-check';
import { quoteWord } from '../src/line-syntax.ts';
import { OPTION_NAMES, type OptionName, optionOf } from '../src/options.ts';

const byteString = (minCode: number) =>
  fc.string({ unit: fc.integer({ min: minCode, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 8 });
const memory = fc
  .tuple(fc.nat(5000), fc.constantFrom('', 'b', 'k', 'kb', 'MB', 'g', 'gB'))
  .map(([n, unit]) => n + unit);
const integer = fc.oneof(fc.integer({ min: -3, max: 200 }), fc.integer()).map(String);
const seconds = fc.integer({ min: 1, max: 10_000 }).map(String);

/** Arguments that the kind commonly takes; some are refused by an option's range. */
function argumentsOf(name: OptionName): fc.Arbitrary<string[]> {
  const { kind } = optionOf(name);
  switch (kind.name) {
    case 'boolean':
      return single(fc.constantFrom('yes', 'no', 'YES', 'No'));
    case 'integer':
      return single(integer);
    case 'memory':
      return single(memory);
    case 'memory or percent':
      return single(
        fc.oneof(
          memory,
          fc.integer({ min: 0, max: 100 }).map((n) => `${n}%`),
        ),
      );
    case 'octal':
      return single(fc.integer({ min: 0, max: 0o777 }).map((n) => n.toString(8)));
    case 'enum':
      return single(fc.constantFrom(...kind.syntax.split(' | ')));
    case 'flags':
      return fc.subarray(['save', 'now', 'force'], { minLength: 1 });
    case 'save points':
      return fc.oneof(
        fc.constant<string[]>(['']),
        fc.array(fc.tuple(seconds, seconds), { minLength: 1, maxLength: 3 }).map((a) => a.flat()),
      );
    case 'buffer limits':
      return fc
        .array(fc.tuple(fc.constantFrom('normal', 'slave', 'Replica', 'pubsub'), memory, memory, seconds), {
          minLength: 1,
          maxLength: 2,
        })
        .map((groups) => groups.flat());
    case 'addresses':
      return fc.array(fc.constantFrom('127.0.0.1', '-::1', '*', '::1'), { minLength: 1, maxLength: 4 });
    case 'event classes':
      return single(fc.string({ unit: fc.constantFrom(...'Ag$lshzxeKEtmdn'), maxLength: 6 }));
    case 'integers':
      return fc.array(fc.integer({ min: -2000, max: 2000 }).map(String), { minLength: 3, maxLength: 3 });
    case 'percentiles':
      return fc.array(
        fc.integer({ min: 0, max: 100_000 }).map((n) => String(n / 1000)),
        { minLength: 1, maxLength: 3 },
      );
    case 'host and port':
      return fc.constantFrom(['no', 'one'], ['master.example', '6379'], ['::1', '1']);
    default:
      return single(byteString(1));
  }
}

function single(value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return value.map((text) => [text]);
}

/** An option with arguments, under its name or an alias. */
export interface Assignment {
  readonly alias: string;
  readonly args: readonly string[];
}

/** One assignment to any of the options. */
export function assignment(names: readonly OptionName[] = OPTION_NAMES): fc.Arbitrary<Assignment> {
  return fc
    .constantFrom(...names)
    .chain((name) => fc.record({ alias: fc.constantFrom(name, ...optionOf(name).aliases), args: argumentsOf(name) }));
}

/** The assignment as a configuration line, with quotes here and there. */
export function assignmentLine({ alias, args }: Assignment, quotes: boolean): string {
  const words = args.map((arg) => (quotes || !/^[!$-&(-~]+$/.test(arg) || arg.includes('\\') ? quoteWord(arg) : arg));
  return [alias, ...words].join(' ');
}

/** Lines of a configuration file: assignments, comments, blank lines. */
export function configLines(names?: readonly OptionName[]): fc.Arbitrary<string[]> {
  const comment = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => `#${text}`);
  const line = fc.tuple(assignment(names), fc.boolean()).map(([given, quotes]) => assignmentLine(given, quotes));
  return fc.array(fc.oneof({ weight: 3, arbitrary: line }, comment, fc.constantFrom('', '  ', '\t')), {
    maxLength: 25,
  });
}
