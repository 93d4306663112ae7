/** `check-aof explain`: what a log is made of, on the terminal, as a page, and as JSON. */
import type { Disk } from '@aof/disk';
import { type FoundLog, findLog } from '@aof/log-reader';
import { CONFIG_OPTION, commandNames } from './command-names.ts';
import { CommandReport } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { explanationJson } from './explain/explain-json.ts';
import { type ExplainOptions, explainLog } from './explain/explain-log.ts';
import { pageOf } from './explain/page.ts';
import { textReport } from './explain/text-report.ts';
import { parseLossLimit } from './loss.ts';
import { toned } from './output.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

const DEFAULT_TOP = 10;
/** With what else the program takes, a run stays below 300 MB. */
const DEFAULT_MEMORY = '64mb';
/** Below this the pages of a data set are half empty, and say nothing about its keys. */
const LEAST_MEMORY = 16 * 1024 ** 2;
const DEFAULT_LAST = '10%';

export const explain: Subcommand = {
  name: 'explain',
  summary: 'Say what a log is made of: which commands, types, keys and times, and what a rewrite would drop',
  operands: '<folder|file.manifest|file.aof>',
  options: [
    { name: '--html', value: '<file>', summary: 'write a page with plots, which stands for itself' },
    { name: '--top', value: '<rows>', summary: `rows of each list (default ${DEFAULT_TOP})` },
    { name: '--last', value: '<part>', summary: `what counts as grown last: 10%, 15m, 2h (default ${DEFAULT_LAST})` },
    { name: '--separator', value: '<text>', summary: 'what stands between the segments of keys (default :)' },
    {
      name: '--memory',
      value: '<size>',
      summary: `what the replayed data set may take; beyond it a sample of its keys is followed (default ${DEFAULT_MEMORY})`,
    },
    { name: '--no-replay', summary: 'only count: three times as fast, and nothing about live bytes and expiry' },
    CONFIG_OPTION,
  ],
  examples: [
    {
      purpose: 'The log has grown to gigabytes. Of what, and would a rewrite help? (Nothing is changed.)',
      lines: ['check-aof explain appendonlydir', 'check-aof explain --html report.html appendonlydir'],
    },
    {
      purpose: 'What has filled it in the last quarter of an hour?',
      lines: ['check-aof explain --last 15m appendonlydir'],
    },
    {
      purpose: 'The share of each command, for a program:',
      lines: [`check-aof explain --json --no-replay appendonlydir | jq '.byCommand'`],
    },
  ],
  remarks: [
    'Sizes: 500, 64kb, 128mb, 2gb. Identifiers in keys (numbers, UUIDs, hexadecimal and random words) are shown as *.',
    'Live is what a rewrite would write as records; dead is the rest: overwritten, deleted, expired, and framing.',
  ],
  exitStatus: {
    [EXIT.ok]: 'explained',
    [EXIT.found]: 'explained as far as it can be read: the log is damaged or cut off',
    [EXIT.impossible]: 'there is no log',
    [EXIT.disk]: 'the disk refused',
  },
  run: runExplain,
};

async function runExplain(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, realPath } = environment;
  const options = optionsOf(invocation, environment);
  const htmlPath = invocation.value('--html');
  const report = new CommandReport('explain', invocation.path, output, invocation.isJson);
  return report.guard(async () => {
    const log = findLog(disk, invocation.path);
    if (htmlPath !== undefined) refuseOwnFile(log, htmlPath, realPath);
    const explanation = await explainLog(disk, log, options);
    report.add(explanationJson(explanation));
    if (htmlPath !== undefined) {
      writeFile(disk, htmlPath, pageOf(explanation));
      report.add({ html: htmlPath });
      report.say(`The page is in ${htmlPath}.\n`);
    }
    for (const line of textReport(explanation, options.top, (tone, text) => toned(output, tone, text)))
      report.say(line);
    return explanation.unread === undefined ? EXIT.ok : EXIT.found;
  });
}

function optionsOf(invocation: Invocation, environment: Environment): ExplainOptions {
  const { nowMs, output } = environment;
  const top = invocation.value('--top') ?? String(DEFAULT_TOP);
  if (!/^[1-9]\d{0,3}$/.test(top)) throw new UsageError(`--top takes a number from 1 to 9999, not '${top}'`);
  const separator = invocation.value('--separator') ?? ':';
  if (separator === '') throw new UsageError('--separator takes one character at least');
  return {
    nowMs: nowMs(),
    // As keys are: a character per byte.
    separator: Buffer.from(separator, 'utf8').toString('latin1'),
    top: Number(top),
    last: lastOf(invocation.value('--last') ?? DEFAULT_LAST),
    memoryBytes: invocation.has('--no-replay') ? undefined : sizeOf(invocation.value('--memory') ?? DEFAULT_MEMORY),
    progress: (done, total) => output.progress?.(done, total),
    names: commandNames(invocation, environment),
  };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function lastOf(text: string): ExplainOptions['last'] {
  const [, digits = '', unit = ''] = /^(\d{1,9})([%smhd])$/.exec(text) ?? [];
  const amount = Number(digits);
  const seconds = SECONDS[unit];
  if (amount > 0 && seconds !== undefined) return { seconds: amount * seconds };
  if (amount > 0 && amount < 100 && unit === '%') return { share: amount / 100 };
  throw new UsageError(`--last takes a part of the log (10%) or a time (45s, 15m, 2h, 1d), not '${text}'`);
}

function sizeOf(text: string): number {
  const size = parseLossLimit(text);
  if (size?.of !== 'bytes') throw new UsageError(`--memory takes 64mb, 2gb, not '${text}'`);
  if (size.atMost < LEAST_MEMORY) throw new UsageError('--memory takes 16mb at least: pages of memory are not smaller');
  return size.atMost;
}

/** The log itself is never written to. */
function refuseOwnFile(log: FoundLog, htmlPath: string, realPath: (path: string) => string): void {
  const own = [log.path, ...log.files.map(({ path }) => path)].map(realPath);
  if (own.includes(realPath(htmlPath))) throw new UsageError(`--html would overwrite ${htmlPath}, which is of the log`);
}

function writeFile(disk: Disk, path: string, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const isNew = disk.status(path) === undefined;
  const file = disk.open(path, 'truncate');
  try {
    for (let done = 0; done < bytes.length; ) done += file.write(bytes, done, bytes.length - done);
  } catch (error) {
    // Half a page shows nothing, and takes room that there is not. What was there before may be a device.
    if (isNew) disk.unlink(path);
    throw error;
  } finally {
    file.close();
  }
}
