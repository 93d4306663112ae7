/** `check-aof check`, which is meant where no subcommand is named: redis-check-aof's check, and the strict one. */
import { type CheckMode, checkAof } from './check-files.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
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
  },
  run: runCheck,
};

async function runCheck(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, nowMs, processId } = environment;
  const { path, isJson } = invocation;
  const until = invocation.value('--truncate-to-timestamp');
  if (invocation.has('--strict')) {
    if (invocation.has('--fix') || until !== undefined)
      throw new UsageError('--strict changes nothing: it goes with no other');
    return strictCommand(path, { disk, output, nowMs, isJson });
  }
  if (invocation.has('--fix') && until !== undefined)
    throw new UsageError('--fix and --truncate-to-timestamp are two things');
  let mode: CheckMode = { kind: invocation.has('--fix') ? 'fix' : 'check' };
  if (until !== undefined) {
    const seconds = timestampOf(until);
    if (seconds === undefined) {
      output.write('Invalid timestamp, aborting...\n');
      return EXIT.found;
    }
    mode = { kind: 'truncate', until: seconds };
  }
  return checkAof(path, { disk, output, stamp: { processId, nowMs }, mode });
}

/** Seconds as strtol(3) takes them: blanks and a sign may lead, nothing may follow, nothing at all is 0. */
function timestampOf(text: string): number | undefined {
  if (text === '') return 0;
  const found = /^[ \t\n\v\f\r]*([+-]?\d+)$/.exec(text)?.[1];
  if (found === undefined) return undefined;
  const value = BigInt(found);
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}
