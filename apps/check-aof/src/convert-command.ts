/** `check-aof convert`: the data set of a whole log, written for another server, and what that server cannot hold. */
import { RDB_TARGETS } from '@aof/rdb';
import { CONFIG_OPTION, commandNames } from './command-names.ts';
import { CommandReport } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { type RestoreOptions, type RestoreRequest, restoreLog } from './restore.ts';
import { layoutOf, serverTarget } from './restore-command.ts';
import { explainError, sayHolder, sayResult } from './restore-report.ts';
import { absoluteTarget } from './restore-target.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const convert: Subcommand = {
  name: 'convert',
  summary: 'Write a log for another server, older or newer, and say what that server cannot hold',
  operands: '<folder|file.manifest|file.aof>',
  options: [
    { name: '--to', value: '<server>', summary: `for whom: ${RDB_TARGETS.join(', ')}, ours, or resp (records alone)` },
    { name: '--out', value: '<folder>', summary: 'where it is written: a folder that does not exist, or is empty' },
    {
      name: '--layout',
      value: '<single|multi-part>',
      summary: 'default: manifest and files where the server reads them',
    },
    { name: '--skip-unknown', summary: 'leave out commands that cannot be replayed here, and count them' },
    CONFIG_OPTION,
  ],
  examples: [
    {
      purpose: 'Back to an older Redis: one file, in its own version of the RDB format.',
      lines: ['check-aof convert /var/lib/redis --to redis-6 --out /tmp/for-redis-6'],
    },
    {
      purpose: 'As commands that every server and script can read:',
      lines: ['check-aof convert appendonlydir --to resp --layout single --out /tmp/commands'],
    },
  ],
  remarks: [
    'The commands of the log are replayed in memory; what the data set is then is written as one base, so that no command is',
    'newer than the server. Keys that have expired by now are left out, as a server does when it starts.',
  ],
  exitStatus: {
    [EXIT.ok]: 'done, nothing is lost',
    [EXIT.found]: 'done, but that server cannot hold everything: see what is said to be lost',
    [EXIT.inUse]: 'a server has claimed what it writes in the target, or has files of it open',
    [EXIT.impossible]: 'there is no log, or one that cannot be replayed; nothing was written',
    [EXIT.disk]: 'the disk refused',
  },
  run: runConvert,
};

async function runConvert(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, nowMs, realPath, holderOf } = environment;
  const [to, out] = [invocation.value('--to'), invocation.value('--out')];
  if (to === undefined || out === undefined) throw new UsageError('--to names a server, and --out a folder');
  const server = serverTarget('--to', to);
  const request: RestoreRequest = {
    path: realPath(invocation.path),
    target: absoluteTarget(disk, realPath, out),
    cut: { kind: 'end' },
    selection: { only: [], databases: [], keepsExpired: false },
    server,
    layout: layoutOf(invocation, server),
    isUpToDamage: false,
    skipsUnknown: invocation.has('--skip-unknown'),
  };
  const progress = (done: number, total: number): void => output.progress?.(done, total);
  const names = commandNames(invocation, environment);
  const options: RestoreOptions = { disk, nowMs: nowMs(), progress, names };
  const report = new CommandReport('convert', invocation.path, output, invocation.isJson);
  return report.guard(
    async () => {
      sayHolder(report, holderOf(request.path));
      report.add({ server });
      if (report.refusesHolder(holderOf(request.target))) return EXIT.inUse;
      const result = await restoreLog(request, options);
      sayResult(report, request, result, names);
      return result.losses.byCode.size === 0 ? EXIT.ok : EXIT.found;
    },
    (error) => explainError(report, error),
  );
}
