/** `check-aof restore`: a log as it was, or some of its keys, in a folder of their own; and what that leaves out. */
import type { LayoutKind } from '@aof/aof-files';
import { RDB_TARGETS } from '@aof/rdb';
import { CONFIG_OPTION, commandNames } from './command-names.ts';
import { CommandReport } from './command-report.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import {
  findCut,
  type RestoreOptions,
  type RestoreRequest,
  readsMultiPart,
  restoreLog,
  type ServerTarget,
  withLog,
} from './restore.ts';
import type { Cut } from './restore-cut.ts';
import { explainError, sayFound, sayHolder, sayResult } from './restore-report.ts';
import { absoluteTarget } from './restore-target.ts';
import { parseTime } from './restore-time.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const restore: Subcommand = {
  name: 'restore',
  summary: 'Go back in time: write a log as it was, or some of its keys, into a folder that a server starts from',
  operands: '<folder|file.manifest|file.aof>',
  options: [
    { name: '--to', value: '<folder>', summary: 'where it is written: a folder that does not exist, or is empty' },
    { name: '--at', value: '<time>', summary: 'as it was at the end of this second (needs aof-timestamp-enabled yes)' },
    { name: '--before', value: '<command>', summary: 'as it was before the last FLUSHALL, or any other command' },
    { name: '--nth', value: '<n>', summary: 'with --before: before the first (1), the second (2) and so on' },
    { name: '--before-offset', value: '<bytes>', summary: 'without the commands that end behind this offset' },
    { name: '--file', value: '<name>', summary: 'with --before-offset: of which file; default: the last one' },
    { name: '--only', value: '<pattern>', isRepeatable: true, summary: "only keys like this: 'user:*'" },
    { name: '--db', value: '<number>', isRepeatable: true, summary: 'only this database' },
    { name: '--keep-expired', summary: 'keep keys whose time has passed by now, without expiry' },
    {
      name: '--layout',
      value: '<single|multi-part>',
      summary: 'one file, or manifest and files; default: as the log is',
    },
    { name: '--target', value: '<server>', summary: `a base for this server: ours, resp, ${RDB_TARGETS.join(', ')}` },
    { name: '--up-to-damage', summary: 'of a damaged log, restore what is before the damage' },
    { name: '--skip-unknown', summary: 'leave out commands that cannot be replayed here, and count them' },
    { name: '--dry-run', summary: 'only say what would be kept and left out' },
    CONFIG_OPTION,
  ],
  examples: [
    {
      purpose: 'Somebody said FLUSHALL. First, so that no rewrite removes the evidence; then the undoing:',
      lines: [
        'redis-cli config set auto-aof-rewrite-percentage 0',
        'check-aof restore /var/lib/redis --before FLUSHALL --to /var/lib/redis-restored',
      ],
    },
    {
      purpose: 'As it was at ten, and only the keys of users, of database 3:',
      lines: ["check-aof restore /var/lib/redis --at 2026-11-21T10:00:00Z --only 'user:*' --db 3 --to /tmp/at-ten"],
    },
    {
      purpose: 'For a Redis that knows no manifest:',
      lines: ['check-aof restore appendonlydir --target redis-6 --to /tmp/for-redis-6'],
    },
    {
      purpose:
        'The server renames commands (rename-command): its configuration says what FLUSHALL is called in the log.',
      lines: ['check-aof restore /var/lib/redis --before FLUSHALL --config /etc/redis/redis.conf --to /tmp/before'],
    },
    {
      purpose: 'Before one command that check-aof dump or history has shown:',
      lines: [
        'check-aof restore appendonlydir --file appendonly.aof.2.incr.aof --before-offset 95520 --to /tmp/before',
      ],
    },
  ],
  remarks: [
    'Nothing is written to the log that is restored from. A transaction is kept as a whole or left out as a whole.',
    'Without --only, --db, --target and --keep-expired the bytes of the log are copied as they are. With one of them the commands',
    'are replayed up to that place, the keys that match are taken from the data set that they make, and written as one base.',
    'Times are written like 2026-11-21T10:00:00Z or 2026-11-21T11:00:00+01:00, or as seconds since 1970.',
  ],
  exitStatus: {
    [EXIT.ok]: 'restored, and loaded to see that it is good',
    [EXIT.inUse]: 'a server has claimed what it writes in the target, or has files of it open',
    [EXIT.impossible]: 'there is no log, or it cannot be had so; nothing was written',
    [EXIT.disk]: 'the disk refused',
  },
  run: runRestore,
};

async function runRestore(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const { disk, output, nowMs, realPath, holderOf } = environment;
  const to = invocation.value('--to');
  const isDryRun = invocation.has('--dry-run');
  if (to === undefined && !isDryRun) throw new UsageError('where to? --to names a folder');
  const request: RestoreRequest = {
    path: realPath(invocation.path),
    target: to === undefined ? '' : absoluteTarget(disk, realPath, to),
    cut: cutOf(invocation),
    selection: {
      only: invocation.values('--only').map((text) => Buffer.from(text, 'utf8').toString('latin1')),
      databases: invocation.values('--db').map((text) => naturalNumber('--db', text)),
      keepsExpired: invocation.has('--keep-expired'),
    },
    ...formOf(invocation),
    isUpToDamage: invocation.has('--up-to-damage'),
    skipsUnknown: invocation.has('--skip-unknown'),
  };
  const progress = (done: number, total: number): void => output.progress?.(done, total);
  const names = commandNames(invocation, environment);
  const options: RestoreOptions = { disk, nowMs: nowMs(), progress, names };
  const report = new CommandReport('restore', invocation.path, output, invocation.isJson);
  return report.guard(
    async () => {
      sayHolder(report, holderOf(request.path));
      if (!isDryRun && report.refusesHolder(holderOf(request.target))) return EXIT.inUse;
      if (isDryRun) {
        await withLog(request.path, options, async (source, held) => {
          sayFound(report, source, await findCut(source, request, held));
        });
        return EXIT.ok;
      }
      const result = await restoreLog(request, options);
      sayFound(report, result.source, result.found);
      sayResult(report, request, result, names);
      return EXIT.ok;
    },
    (error) => explainError(report, error),
  );
}

/** @throws UsageError */
function cutOf(invocation: Invocation): Cut {
  const [at, before, offset] = [
    invocation.value('--at'),
    invocation.value('--before'),
    invocation.value('--before-offset'),
  ];
  if ([at, before, offset].filter((value) => value !== undefined).length > 1) {
    throw new UsageError('--at, --before and --before-offset are three ways to say the same: one of them is enough');
  }
  if (before === undefined && invocation.has('--nth')) throw new UsageError('--nth goes with --before');
  if (offset === undefined && invocation.has('--file')) throw new UsageError('--file goes with --before-offset');
  if (at !== undefined) {
    const seconds = parseTime(at);
    if (seconds !== undefined) return { kind: 'at', seconds };
    throw new UsageError(`--at takes 2026-11-21T10:00:00Z (or +01:00 for Z), or seconds since 1970, not '${at}'`);
  }
  if (before !== undefined) {
    const words = before
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) throw new UsageError('--before takes the name of a command');
    const nth = invocation.value('--nth');
    if (nth === undefined) return { kind: 'before', words, nth: undefined };
    const number = naturalNumber('--nth', nth);
    if (number === 0) throw new UsageError('--nth counts from 1');
    return { kind: 'before', words, nth: number };
  }
  if (offset === undefined) return { kind: 'end' };
  return { kind: 'offset', file: invocation.value('--file'), offset: naturalNumber('--before-offset', offset) };
}

function naturalNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${name} takes a number, not '${text}'`);
  return Number(text);
}

/** @throws UsageError */
function formOf(invocation: Invocation): {
  readonly server: ServerTarget | undefined;
  readonly layout: LayoutKind | undefined;
} {
  const name = invocation.value('--target');
  const server = name === undefined ? undefined : serverTarget('--target', name);
  return { server, layout: layoutOf(invocation, server) };
}

/** @throws UsageError */
export function serverTarget(option: string, name: string): ServerTarget {
  const known: readonly ServerTarget[] = ['ours', 'resp', ...RDB_TARGETS];
  const found = known.find((server) => server === name);
  if (found === undefined) throw new UsageError(`${option} takes one of ${known.join(', ')}, not '${name}'`);
  return found;
}

/** @throws UsageError */
export function layoutOf(invocation: Invocation, server: ServerTarget | undefined): LayoutKind | undefined {
  const layout = invocation.value('--layout');
  if (layout === undefined) return undefined;
  if (layout !== 'single' && layout !== 'multi-part')
    throw new UsageError(`--layout takes single or multi-part, not '${layout}'`);
  if (layout === 'multi-part' && server !== undefined && !readsMultiPart(server))
    throw new UsageError(`${server} reads no manifest: only --layout single will do`);
  return layout;
}
