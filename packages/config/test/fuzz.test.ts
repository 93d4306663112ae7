/** Any text, any command line: an answer or a ConfigError, in bounded time. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.ts';
import { Config } from '../src/config.ts';
import { ConfigError } from '../src/config-error.ts';
import { OPTION_NAMES } from '../src/options.ts';
import { type ConfigFiles, parseConfigFile } from '../src/reader.ts';
import { rewriteConfig } from '../src/rewrite.ts';
import { configLines } from './arbitrary.ts';

const NUM_RUNS = 1500;

/** Text near enough to a configuration to get past the first check, with bytes changed, cut and doubled. */
const nearlyConfig = fc
  .tuple(
    configLines(),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), fc.nat(255)), { maxLength: 3 }),
  )
  .map(([lines, edits]) => {
    let text = lines.join('\n');
    for (const [place, action, code] of edits) {
      const at = Math.floor(place * text.length);
      const inserted = action === 0 ? '' : String.fromCharCode(code).repeat(action);
      text = text.slice(0, at) + inserted + text.slice(at + (action === 2 ? 0 : 1));
    }
    return text;
  });

const anyText = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder('latin1').decode(bytes)),
  fc
    .array(fc.constantFrom(...OPTION_NAMES, 'include', 'user', ' ', '\n', '"', "'", '\\', '\0', '1', '*', '['))
    .map((a) => a.join('')),
  nearlyConfig,
);

function outcome(act: () => void): 'fine' | 'refused' {
  try {
    act();
    return 'fine';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.reason).not.toBe('');
    expect(error.format('Redis 7.2.0')).toMatch(/^\*\*\* FATAL CONFIG FILE ERROR \(Redis 7\.2\.0\) \*\*\*\n/);
    return 'refused';
  }
}

it('reads any text', () => {
  const seen = { fine: 0, refused: 0 };
  fc.assert(
    fc.property(anyText, anyText, (text, included) => {
      const files: ConfigFiles = { readFile: () => included, listFolder: () => ['a', 'b'] };
      seen[outcome(() => parseConfigFile({ ...files, stdinText: text, workingFolder: '/' }))]++;
    }),
    { numRuns: NUM_RUNS },
  );
  expect(seen.fine).toBeGreaterThan(NUM_RUNS / 20);
  expect(seen.refused).toBeGreaterThan(NUM_RUNS / 10);
});

it('rewrites any text', () => {
  const config = Config.of('/', { timeout: 7, save: [] });
  fc.assert(
    fc.property(anyText, (text) => {
      outcome(() => expect(rewriteConfig(text, config, { readFile: () => '' }).length).toBeGreaterThan(0));
    }),
    { numRuns: NUM_RUNS / 5 },
  );
});

it('takes any command line apart', () => {
  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom('-', '--', '---', '--save', '--port', '--port 1', '7', '', '--a=b', '--="', '-v', '--help'),
  );
  const seen = { fine: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 8 }), (argv) => {
      const act = (): void => {
        const { argumentText } = parseArguments(argv);
        parseConfigFile({ argumentText, workingFolder: '/', readFile: () => '' });
      };
      seen[outcome(act)]++;
    }),
    { numRuns: NUM_RUNS },
  );
  expect(Math.min(seen.fine, seen.refused)).toBeGreaterThan(10);
});

it('answers any CONFIG SET and CONFIG GET', () => {
  const word = fc.oneof(
    fc.constantFrom(...OPTION_NAMES),
    fc.constantFrom('', 'yes', '1', '*', '[a-', '1 2', 'A'),
    fc.string(),
  );
  const config = Config.of('/');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      const result = config.set(args);
      if ('error' in result) expect(result.error).toMatch(/^ERR /);
      expect(config.get(args).length % 2).toBe(0);
    }),
    { numRuns: NUM_RUNS },
  );
});
