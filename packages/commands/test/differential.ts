/**
 * Differential tests: one script runs on a real redis-server and on our executor; replies, the data set afterwards and
 * the log records must be the same. Where there is no redis-server on PATH they are skipped, and say so.
 *
 *     differential('SET', { 'keeps the TTL on request': `SET k v EX 100 \n SET k w KEEPTTL \n TTL k` });
 *     differentialGenerated('strings', { grammar: { set: [key('s'), value] }, steps: 30, scripts: 100 });
 *
 * Each script runs under RESP2 and under RESP3. The real server runs it first; ours then runs it at the times at which
 * the real one ran each step. A failure of a generated script is reported as the shortest script that still fails.
 * `DIFFERENTIAL_SEED` in the environment chooses other generated scripts.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { differencesOf, dump } from './dump.ts';
import { type GeneratorOptions, generate } from './generator.ts';
import { LocalServer } from './local-server.ts';
import { areSameRecords, formatRecords, type LogRecord, readRecords } from './log-records.ts';
import { type Argument, Oracle, oracleVersion } from './oracle.ts';
import type { ReplyTree } from './reply-tree.ts';
import { DEFAULT_RULES, isSameReply, isSameTree, type ReplyRule } from './rules.ts';
import {
  type CommandStep,
  connectionsOf,
  formatStep,
  isCommand,
  latin1,
  parseScript,
  quote,
  type Step,
} from './script.ts';

export interface DifferentialOptions {
  /** Rules by full lower-case command name; they go before the default ones. */
  readonly rules?: Readonly<Record<string, ReplyRule>>;
  /** Both unless given. */
  readonly protocols?: readonly (2 | 3)[];
  /** Whether the data sets are compared at the end; true unless given. Random removals need false. */
  readonly comparesData?: boolean;
  /** Whether the log records are compared; true unless given. */
  readonly comparesLog?: boolean;
  /** Whether OBJECT ENCODING must agree for every key at the end; false unless given. */
  readonly comparesEncodings?: boolean;
}

export interface GeneratedOptions extends GeneratorOptions, DifferentialOptions {
  /** How many scripts. */
  readonly scripts: number;
}

const VERSION = oracleVersion();
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const DUMP_CONNECTION = 1000;
const SHRINK_RUNS = 150;

let oracle: Oracle | undefined;

async function theOracle(): Promise<Oracle> {
  oracle ??= await Oracle.start();
  return oracle;
}

function suite(title: string, count: number, define: () => void): void {
  if (VERSION === undefined)
    process.stderr.write(`SKIPPED ${count} differential cases of ${title}: no redis-server on PATH\n`);
  describe.skipIf(VERSION === undefined)(`${title} as redis-server ${VERSION}`, () => {
    beforeAll(async () => {
      await theOracle();
    });
    afterAll(() => {
      oracle?.stop();
      oracle = undefined;
    });
    define();
  });
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
      const mismatch = await firstMismatch(steps, options);
      if (mismatch !== undefined) throw new Error(report(mismatch, steps));
    });
  });
}

/** Scripts from a grammar: one test for all. */
export function differentialGenerated(title: string, options: GeneratedOptions): void {
  suite(title, options.scripts, () => {
    test(`${options.scripts} generated scripts, seed ${SEED}`, async () => {
      for (let i = 0; i < options.scripts; i++) {
        const steps = generate(SEED * 1_000_003 + i, options);
        const mismatch = await firstMismatch(steps, options);
        if (mismatch === undefined) continue;
        const shortest = await shrink(steps, options, mismatch);
        throw new Error(`DIFFERENTIAL_SEED=${SEED}, script ${i}\n${report(shortest.mismatch, shortest.steps)}`);
      }
    }, 120_000);
  });
}

function report(mismatch: string, steps: readonly Step[]): string {
  return `${mismatch}\n  script:\n${steps.map((step) => `    ${formatStep(step)}`).join('\n')}\n`;
}

/** Drops steps as long as something still differs. */
async function shrink(steps: readonly Step[], options: DifferentialOptions, mismatch: string) {
  let best: { steps: readonly Step[]; mismatch: string } = { steps, mismatch };
  let runs = 0;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = best.steps.length - size; at > -size && runs < SHRINK_RUNS; at -= size) {
      const fewer = best.steps.filter((_, i) => i < at || i >= at + size);
      runs++;
      const found = fewer.length === 0 ? undefined : await firstMismatch(fewer, options);
      if (found !== undefined) best = { steps: fewer, mismatch: found };
    }
  }
  return best;
}

async function firstMismatch(steps: readonly Step[], options: DifferentialOptions): Promise<string | undefined> {
  for (const protocol of options.protocols ?? [2, 3]) {
    const mismatch = await compareRun(await theOracle(), steps, options, protocol);
    if (mismatch !== undefined) return `${mismatch}\n  protocol: RESP${protocol}`;
  }
  return undefined;
}

async function compareRun(
  real: Oracle,
  steps: readonly Step[],
  options: DifferentialOptions,
  protocol: 2 | 3,
): Promise<string | undefined> {
  await real.reset(protocol, connectionsOf(steps));
  const commands = steps.filter(isCommand);
  const { replies, times } = await runOnOracle(real, steps);
  // While much output is pending, replies can leave before the log is written; the answer to a later command cannot.
  await (await real.connection(DUMP_CONNECTION)).exchange([['PING']]);
  const oracleRecords = readRecords(real.readLog());
  const ours = new LocalServer(protocol);
  const rules = new ReplyRules(options.rules ?? {});
  for (const [i, step] of commands.entries()) {
    const reply = ours.run(step.connection, step.args, times[i]);
    if (!rules.accepts(step, replies[i], reply)) {
      return `replies differ at: ${formatStep(step)}\n    oracle: ${quote(replies[i])}\n    ours:   ${quote(reply)}`;
    }
  }
  return (
    logMismatch(oracleRecords, ours.records, options) ?? (await dataMismatch(real, ours, times.at(-1) ?? 0, options))
  );
}

function logMismatch(oracleRecords: readonly LogRecord[], ours: readonly LogRecord[], options: DifferentialOptions) {
  if (options.comparesLog === false || areSameRecords(oracleRecords, ours)) return undefined;
  return `log records differ\n  oracle:\n${formatRecords(oracleRecords)}\n  ours:\n${formatRecords(ours)}`;
}

async function dataMismatch(real: Oracle, ours: LocalServer, nowMs: number, options: DifferentialOptions) {
  if (options.comparesData === false) return undefined;
  const connection = await real.connection(DUMP_CONNECTION);
  const oracleData = await dump((commands) => connection.ask(commands));
  const ourData = await dump((commands) => Promise.resolve(commands.map((args) => ours.ask(args, nowMs))));
  const lines = differencesOf(oracleData, ourData, options.comparesEncodings === true);
  return lines.length === 0 ? undefined : `data differ\n${lines.join('\n')}`;
}

/** Steps in a row on one connection go out together. Answers a reply and a time for each command. */
async function runOnOracle(real: Oracle, steps: readonly Step[]) {
  const replies: string[] = [];
  const times: number[] = [];
  let batch: (readonly Argument[])[] = [];
  let number = 0;
  const flush = async () => {
    const connection = await real.connection(number);
    const sentAtMs = Date.now();
    replies.push(...(await connection.exchange(batch)));
    while (times.length < replies.length) times.push(sentAtMs);
    batch = [];
  };
  for (const step of steps) {
    if (!isCommand(step) || step.connection !== number) await flush();
    if (isCommand(step)) {
      number = step.connection;
      batch.push(step.args);
    } else {
      await new Promise((resolve) => setTimeout(resolve, step.sleepMs));
    }
  }
  await flush();
  return { replies, times };
}

/** Applies rules to replies; knows what each connection has queued, so that EXEC's reply is judged element by element. */
class ReplyRules {
  readonly #rules: Readonly<Record<string, ReplyRule>>;
  readonly #queued = new Map<number, ReplyRule[]>();

  constructor(rules: Readonly<Record<string, ReplyRule>>) {
    this.#rules = { ...DEFAULT_RULES, ...rules };
  }

  accepts(step: CommandStep, real: string, ours: string): boolean {
    const rule = this.#ruleOf(step.args);
    const queued = this.#queued.get(step.connection);
    if (real === '+QUEUED\r\n') {
      this.#queued.set(step.connection, [...(queued ?? []), rule]);
      return ours === real;
    }
    const name = latin1(step.args[0] ?? '').toLowerCase();
    if (name !== 'exec' && name !== 'discard' && name !== 'reset') return isSameReply(real, ours, rule);
    this.#queued.delete(step.connection);
    return isSameReply(real, ours, name === 'exec' ? execRule(queued ?? []) : rule);
  }

  #ruleOf(args: readonly Argument[]): ReplyRule {
    const [name = '', sub = ''] = args.slice(0, 2).map((argument) => latin1(argument).toLowerCase());
    const rule = this.#rules[`${name}|${sub}`] ?? this.#rules[name] ?? 'exact';
    // Only a scan from the beginning sees the same elements on both sides.
    const cursor = args[name === 'scan' ? 1 : 2];
    return rule === 'scan' && cursor !== undefined && latin1(cursor) !== '0' ? 'kind' : rule;
  }
}

function execRule(queued: readonly ReplyRule[]): ReplyRule {
  return (real: ReplyTree, ours: ReplyTree) => {
    if (real.items === undefined || ours.items === undefined) return JSON.stringify(real) === JSON.stringify(ours);
    const others = ours.items;
    if (real.items.length !== others.length) return false;
    return real.items.every((item, i) => isSameTree(item, others[i], queued[i] ?? 'exact'));
  };
}
