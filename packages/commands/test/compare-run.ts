/**
 * Runs one script on both sides and tells where they differ.
 *
 * The real server runs it first; ours then runs it at the times at which the real one ran each step.
 */
import type { CommandSpec } from '../src/spec.ts';
import { differencesOf, dump } from './dump.ts';
import { LocalServer } from './local-server.ts';
import { areSameRecords, formatRecords, type LogRecord, readRecords } from './log-records.ts';
import type { Argument, Oracle } from './oracle.ts';
import type { ReplyTree } from './reply-tree.ts';
import { DEFAULT_RULES, isSameReply, isSameTree, type ReplyRule } from './rules.ts';
import { type CommandStep, connectionsOf, formatStep, isCommand, latin1, quote, type Step } from './script.ts';
import {
  localStatistics,
  oracleChanges,
  oracleStatistics,
  type Statistics,
  statisticsDifferences,
} from './statistics.ts';

export interface CompareOptions {
  /** Rules by full lower-case command name; they go before the default ones. */
  readonly rules?: Readonly<Record<string, ReplyRule>>;
  /** Both unless given. */
  readonly protocols?: readonly (2 | 3)[];
  /** Whether the data sets are compared at the end; true unless given. Random removals need false. */
  readonly comparesData?: boolean;
  /** Whether the log records are compared; true unless given. */
  readonly comparesLog?: boolean;
  /** Applied to the log records of both sides before they are compared. */
  readonly comparableLog?: (records: readonly LogRecord[]) => readonly LogRecord[];
  /** Whether the counters of INFO are compared; true unless given. */
  readonly comparesStatistics?: boolean;
  /** Whether OBJECT ENCODING must agree for every key at the end; false unless given. */
  readonly comparesEncodings?: boolean;
  /** The commands of our side; the whole table unless given. */
  readonly commands?: readonly CommandSpec[];
  /** Sees each command and the real server's reply. */
  readonly onReply?: (args: readonly Argument[], reply: string) => void;
}

const DUMP_CONNECTION = 1000;
const SHRINK_RUNS = 150;

/** A script and the first difference that it shows. */
export interface Mismatch {
  readonly steps: readonly Step[];
  readonly text: string;
}

/** The difference and its script as text. */
export function report({ steps, text }: Mismatch): string {
  return `${text}\n  script:\n${steps.map((step) => `    ${formatStep(step)}`).join('\n')}\n`;
}

/** Drops steps as long as something still differs. A pause goes with the command before it, which needs it. */
export async function shrink(real: Oracle, mismatch: Mismatch, options: CompareOptions): Promise<Mismatch> {
  let groups: Step[][] = [];
  for (const step of mismatch.steps) {
    const last = groups.at(-1);
    if (isCommand(step) || last === undefined) groups.push([step]);
    else last.push(step);
  }
  let best = mismatch;
  let runs = 0;
  const first = Math.ceil(groups.length / 2);
  for (let size = first; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = groups.length - size; at > -size && runs < SHRINK_RUNS; at -= size) {
      const fewer = groups.filter((_, i) => i < at || i >= at + size);
      runs++;
      const found = fewer.length === 0 ? undefined : await firstMismatch(real, fewer.flat(), options);
      if (found === undefined) continue;
      best = found;
      groups = fewer;
    }
  }
  return best;
}

/** Runs the script under each protocol; undefined if both sides agree. */
export async function firstMismatch(
  real: Oracle,
  steps: readonly Step[],
  options: CompareOptions,
): Promise<Mismatch | undefined> {
  for (const protocol of options.protocols ?? [2, 3]) {
    const text = await compareRun(real, steps, options, protocol);
    if (text !== undefined) return { steps, text: `${text}\n  protocol: RESP${protocol}` };
  }
  return undefined;
}

async function compareRun(
  real: Oracle,
  steps: readonly Step[],
  options: CompareOptions,
  protocol: 2 | 3,
): Promise<string | undefined> {
  await real.reset(protocol, connectionsOf(steps));
  const changesBefore = await oracleChanges(await real.connection(DUMP_CONNECTION));
  const commands = steps.filter(isCommand);
  const { replies, times, endedAtMs } = await runOnOracle(real, steps);
  // While much output is pending, replies can leave before the log is written; the answer to this later command cannot.
  const theirStatistics = await oracleStatistics(await real.connection(DUMP_CONNECTION), changesBefore);
  const oracleRecords = readRecords(real.readLog());
  const ours = new LocalServer(protocol, options.commands);
  const rules = new ReplyRules(options.rules ?? {});
  for (const [i, step] of commands.entries()) {
    options.onReply?.(step.args, replies[i]);
    const reply = ours.run(step.connection, step.args, times[i]);
    if (!rules.accepts(step, replies[i], reply)) {
      return `replies differ at: ${formatStep(step)}\n    oracle: ${quote(replies[i])}\n    ours:   ${quote(reply)}`;
    }
  }
  return (
    logMismatch(oracleRecords, ours.records, options) ??
    statisticsMismatch(theirStatistics, ours, options) ??
    (await dataMismatch(real, ours, endedAtMs, options)) ??
    (await reloadMismatch(ours, endedAtMs, options))
  );
}

function statisticsMismatch(theirs: Statistics, ours: LocalServer, options: CompareOptions): string | undefined {
  if (options.comparesStatistics === false) return undefined;
  const lines = statisticsDifferences(theirs, localStatistics(ours));
  return lines.length === 0 ? undefined : `statistics differ\n${lines.join('\n')}`;
}

function logMismatch(oracleRecords: readonly LogRecord[], ours: readonly LogRecord[], options: CompareOptions) {
  const comparable = options.comparableLog ?? ((records) => records);
  if (options.comparesLog === false || areSameRecords(comparable(oracleRecords), comparable(ours))) return undefined;
  return `log records differ\n  oracle:\n${formatRecords(oracleRecords)}\n  ours:\n${formatRecords(ours)}`;
}

async function dataMismatch(real: Oracle, ours: LocalServer, nowMs: number, options: CompareOptions) {
  if (options.comparesData === false) return undefined;
  const connection = await real.connection(DUMP_CONNECTION);
  const oracleData = await dump((commands) => connection.ask(commands));
  const ourData = await dumpOf(ours, nowMs);
  const lines = differencesOf(oracleData, ourData, options.comparesEncodings === true);
  return lines.length === 0 ? undefined : `data differ\n${lines.join('\n')}`;
}

/** Our log, loaded into an empty server, must make the same data set. */
async function reloadMismatch(ours: LocalServer, nowMs: number, options: CompareOptions): Promise<string | undefined> {
  const loaded = new LocalServer(2, options.commands);
  let selected: number | undefined;
  for (const { database, args } of ours.records) {
    if (database !== undefined && database !== selected) loaded.load(['SELECT', String(database)], nowMs);
    selected = database ?? selected;
    const error = loaded.load(args, nowMs);
    if (error !== undefined) return `our own record cannot be loaded: ${args.map(quote).join(' ')}\n    ${error}`;
  }
  const [before, after] = await Promise.all([dumpOf(ours, nowMs), dumpOf(loaded, nowMs)]);
  const lines = differencesOf(before, after, false);
  return lines.length === 0
    ? undefined
    : `our log makes other data (oracle: before, ours: loaded)\n${lines.join('\n')}`;
}

function dumpOf(server: LocalServer, nowMs: number): ReturnType<typeof dump> {
  return dump((commands) => Promise.resolve(commands.map((args) => server.ask(args, nowMs))));
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
  return { replies, times, endedAtMs: Date.now() };
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
