/**
 * Differential tests: one script runs on a real redis-server and on our executor; replies, the data set afterwards and
 * the log records must be the same. Where there is no redis-server 7.0 on PATH they are skipped, and say so.
 *
 *     differential('SET', { 'keeps the TTL on request': `SET k v EX 100 \n SET k w KEEPTTL \n TTL k` });
 *     differentialGenerated('strings', { grammar: { set: [key('s'), value] }, steps: 30, scripts: 100 });
 *
 * Each script runs under RESP2 and under RESP3. A failure of a generated script is reported as the shortest script that
 * still fails. In the environment `DIFFERENTIAL_SEED` chooses other generated scripts and `DIFFERENTIAL_SCALE` so many
 * times more of them.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type CompareOptions, firstMismatch, report, shrink } from './compare-run.ts';
import { type GeneratorOptions, generate } from './generator.ts';
import { Oracle, oracleVersion, reportSkipped } from './oracle.ts';
import { latin1, parseScript, type Step } from './script.ts';

export type DifferentialOptions = CompareOptions;

export interface GeneratedOptions extends GeneratorOptions, DifferentialOptions {
  /** How many scripts. */
  readonly scripts: number;
}

const VERSION = oracleVersion();
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const SCALE = Number(process.env.DIFFERENTIAL_SCALE ?? 1);
const GENERATED_LIMIT_MS = 120_000 * SCALE;

let oracle: Promise<Oracle> | undefined;

/** The file's one server, started when first needed. */
function theOracle(): Promise<Oracle> {
  oracle ??= Oracle.start();
  return oracle;
}

afterAll(async () => (await oracle)?.stop());

function suite(title: string, count: number, define: () => void): void {
  if (VERSION === undefined) reportSkipped(count, title);
  describe.skipIf(VERSION === undefined)(`${title} as redis-server ${VERSION}`, define);
}

/** Scripts by hand: a test each. A script is text for `parseScript`, or steps. */
export function differential(
  title: string,
  scripts: Readonly<Record<string, string | readonly Step[]>>,
  options: DifferentialOptions = {},
): void {
  const cases = Object.entries(scripts);
  suite(title, cases.length, () => {
    test.each(cases)('%s', async (_, script) => {
      const steps = typeof script === 'string' ? parseScript(script) : script;
      const mismatch = await firstMismatch(await theOracle(), steps, options);
      if (mismatch !== undefined) throw new Error(report(mismatch));
    });
  });
}

/** Scripts from a grammar: one test for all. Each command of the grammar must have succeeded at least once. */
export function differentialGenerated(title: string, options: GeneratedOptions): void {
  const count = options.scripts * SCALE;
  suite(title, count, () => {
    test(`${count} generated scripts, seed ${SEED}`, { timeout: GENERATED_LIMIT_MS }, async () => {
      const untried = new Set(Object.keys(options.grammar));
      const onReply: CompareOptions['onReply'] = (args, reply) => {
        if (!reply.startsWith('-') && untried.size > 0) untried.delete(grammarName(args.map(latin1), options));
      };
      for (let i = 0; i < count; i++) {
        const steps = generate(SEED * 1_000_003 + i, options);
        const mismatch = await firstMismatch(await theOracle(), steps, { ...options, onReply });
        if (mismatch === undefined) continue;
        // A shorter script might leave out a MULTI, and wait.
        const shortest = options.isAlwaysQueued ? mismatch : await shrink(await theOracle(), mismatch, options);
        throw new Error(`DIFFERENTIAL_SEED=${SEED}, script ${i}\n${report(shortest)}`);
      }
      expect([...untried], 'commands of the grammar that never succeeded').toEqual([]);
    });
  });
}

function grammarName([name = '', sub = '']: readonly string[], { grammar }: GeneratorOptions): string {
  const both = `${name} ${sub}`.toLowerCase();
  return both in grammar ? both : name.toLowerCase();
}
