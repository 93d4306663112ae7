/** `check-aof check`, which is meant where no subcommand is named: redis-check-aof's check, and the strict one. */
import { LogReadError, logPathOf } from '@aof/log-reader';
import { type CheckMode, type CheckOptions, type CheckReport, checkAof } from './check-files.ts';
import { CONFIG_OPTION, type CommandNames, commandNames } from './command-names.ts';
import { CommandReport, linesOf, reasonOf, refusalText } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { isManifestName, NO_REGULAR_FILE, placesOfLog } from './log-files.ts';
import { collecting, nameText, type Output, toned } from './output.ts';
import { strictCommand } from './strict-command.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const check: Subcommand = {
  name: 'check',
  summary: 'Say whether a log is good, as redis-check-aof does; with --strict, whether a server can have written it',
  operands: '<folder|file.manifest|file.aof>',
  options: [
    { name: '--strict', summary: 'replay the commands too, and report what no server would have written' },
    { name: '--fix', summary: 'cut a broken end off the last file, after a question; keeps nothing (see repair)' },
    { name: '--truncate-to-timestamp', value: '<seconds>', summary: 'cut off what was executed after this moment' },
    CONFIG_OPTION,
  ],
  examples: [
    {
      purpose: 'Is the log good? (Nothing is changed.)',
      lines: ['check-aof appendonlydir/appendonly.aof.manifest', 'check-aof appendonly.aof'],
    },
    {
      purpose: 'Is there anything in it that no server would have written? (Replays it in memory.)',
      lines: [
        'check-aof --strict appendonlydir',
        `check-aof --strict --json appendonly.aof | jq '.findings[] | select(.certainty == "certain")'`,
      ],
    },
    {
      purpose: 'Cut off what a crash left at the end of the last file, after a question, and keep nothing:',
      lines: ['check-aof --fix appendonlydir/appendonly.aof.manifest'],
    },
    {
      purpose: 'Go back to how the data set was at a moment (needs aof-timestamp-enabled yes):',
      lines: [
        'cp -a appendonlydir appendonlydir.before',
        `check-aof --truncate-to-timestamp $(date -d '10:30' +%s) appendonlydir/appendonly.aof.manifest`,
      ],
    },
  ],
  exitStatus: {
    [EXIT.ok]: 'valid, empty, or repaired; --strict: nothing found',
    [EXIT.found]: 'anything else, as with redis-check-aof; --strict: something found',
    [EXIT.inUse]: '--fix, --truncate-to-timestamp: a process has the file open that was to be cut',
    [EXIT.disk]: '--json: the disk refused',
  },
  run: runCheck,
};

async function runCheck(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, nowMs } = environment;
  const { path, isJson } = invocation;
  const names = commandNames(invocation, environment);
  const until = invocation.value('--truncate-to-timestamp');
  if (invocation.has('--strict')) {
    if (invocation.has('--fix') || until !== undefined) throw new UsageError('--strict changes nothing');
    return strictCommand(path, { disk, output, nowMs, isJson, names });
  }
  if (invocation.has('--fix') && until !== undefined) throw new UsageError('one of --fix and --truncate-to-timestamp');
  let mode: CheckMode = { kind: invocation.has('--fix') ? 'fix' : 'check' };
  if (until !== undefined) {
    const seconds = timestampOf(until);
    if (seconds === undefined && isJson) throw new UsageError('Invalid timestamp');
    if (seconds === undefined) {
      output.write('Invalid timestamp, aborting...\n');
      return EXIT.found;
    }
    mode = { kind: 'truncate', until: seconds };
  }
  const what = { mode, names };
  if (isJson) return plainCheckAsJson(path, what, environment);
  const report = await plainCheck(path, what, environment, inColour(output));
  if (isForRepair(report, mode)) {
    environment.advise?.(
      `--fix cuts off all behind the damage, of the last file alone. What else can be done, and what it costs: check-aof repair --dry-run${names.optionText} ${path}`,
    );
  }
  return statusOf(report);
}

/** Whether something is damaged, rather than not there or not to be read. */
function isForRepair({ status, kind, files }: CheckReport, mode: CheckMode): boolean {
  if (status === 0 || mode.kind === 'truncate') return false;
  const last = files.at(-1);
  return last === undefined ? kind === 'multi-part' : last.size !== undefined;
}

interface PlainCheck {
  readonly mode: CheckMode;
  readonly names: CommandNames;
}

/** Of a folder the log in it is checked. redis-check-aof takes none. */
async function plainCheck(
  path: string,
  what: PlainCheck,
  environment: Environment,
  output: Output,
): Promise<CheckReport> {
  const { disk } = environment;
  const options = checkOptions(what, environment, output);
  const kind = disk.status(path)?.kind;
  const failed = { status: EXIT.found, isRefused: false, kind: undefined, files: [] };
  if (kind === 'other') {
    output.write(nameText(`Cannot check ${path}: ${NO_REGULAR_FILE}\n`));
    return failed;
  }
  if (kind !== 'directory') return checkAof(path, { ...options, isManifest: kind === 'file' && isManifestName(path) });
  let place: string;
  try {
    place = logPathOf(disk, path);
  } catch (error) {
    if (!(error instanceof LogReadError)) throw error;
    output.write(nameText(`${reasonOf(error)}\n`));
    return failed;
  }
  return checkAof(place, { ...options, isManifest: isManifestName(place) });
}

function checkOptions(what: PlainCheck, environment: Environment, output: Output): CheckOptions {
  const { disk, nowMs, processId, realPath, holderOf } = environment;
  const refusal = (file: string): string | undefined => {
    const [holder] = placesOfLog(disk, realPath, file).flatMap((place) => holderOf(place) ?? []);
    return holder && refusalText(holder);
  };
  return { disk, output, stamp: { processId, nowMs }, ...what, refusal };
}

function statusOf({ status, isRefused }: CheckReport): ExitStatus {
  return isRefused ? EXIT.inUse : status;
}

/** The lines that the check says are part of the document; nothing else is written. */
async function plainCheckAsJson(path: string, what: PlainCheck, environment: Environment): Promise<ExitStatus> {
  const { output } = environment;
  const report = new CommandReport('check', path, output, true);
  const { collected, said } = collecting(output);
  return report.guard(async () => {
    const result = await plainCheck(path, what, environment, collected);
    const { kind, files } = result;
    report.add({ mode: what.mode.kind, kind, verdict: verdictOf(result), files, lines: linesOf(said()) });
    return statusOf(result);
  });
}

/** The verdicts in the colours of what they mean; the lines are redis-check-aof's. */
function inColour(output: Output): Output {
  if (!output.hasColour) return output;
  const write = (text: string): void =>
    output.write(
      text
        .replace(/\b(is valid|are valid|RDB looks OK!|is empty)(?=\n$| )/, (words) => toned(output, 'good', words))
        .replace(/^(Successfully truncated)\b/, (words) => toned(output, 'good', words))
        .replace(/\b(is not valid|not sane|RDB ERROR DETECTED|format error)\b/, (words) => toned(output, 'bad', words)),
    );
  return { ...output, write };
}

/** `valid`: also of an empty log. `repaired`: valid now, because its end was cut off. `not-valid`: damaged, or not to be read. */
function verdictOf({ status, files }: CheckReport): 'valid' | 'repaired' | 'not-valid' {
  if (status !== 0) return 'not-valid';
  return files.some(({ verdict }) => verdict.startsWith('truncated')) ? 'repaired' : 'valid';
}

/** Seconds as strtol(3) takes them: blanks and a sign may lead, nothing may follow, nothing at all is 0. */
function timestampOf(text: string): number | undefined {
  if (text === '') return 0;
  const found = /^[ \t\n\v\f\r]*([+-]?\d+)$/.exec(text)?.[1];
  if (found === undefined) return undefined;
  const value = BigInt(found);
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}
