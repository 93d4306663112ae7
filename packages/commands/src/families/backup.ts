/**
 * BACKUP and its subcommands: a copy of the log while it goes on being written.
 * Source: Redis 8.10, BACKUP; what the states mean is told in the server's backup-control.ts.
 */
import type { ReplyWriter } from '@aof/resp-codec';
import type { BackupPort } from '../backup-port.ts';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import type { CommandFlag, CommandSpec, Handler } from '../spec.ts';

const UNSUPPORTED = 'ERR this server makes no backups';
const IN_TRANSACTION = 'ERR BACKUP SEAL, ABORT and CLEANUP wait for the disk and are not allowed in transactions';
const SINCE = '8.10.0';

/** Handlers get a server that makes backups. */
function withBackup(handle: (ctx: CommandContext, backup: BackupPort) => void): Handler {
  return (ctx) => {
    const { backup } = ctx.server;
    if (backup === undefined) ctx.reply.error(UNSUPPORTED);
    else handle(ctx, backup);
  };
}

/** The reply comes when the work is done: OK, or what went wrong. */
function answered(work: (backup: BackupPort) => Promise<string | undefined>): Handler {
  return withBackup((ctx, backup) => {
    if (ctx.isInExec) return ctx.reply.error(IN_TRANSACTION);
    const answer = (error: string | undefined) => (reply: ReplyWriter) => {
      if (error === undefined) reply.ok();
      else reply.error(error);
    };
    ctx.suspendUntil(work(backup).then(answer));
  });
}

const start = withBackup((ctx, backup) => {
  const error = backup.start();
  if (error === undefined) ctx.reply.ok();
  else ctx.reply.error(error);
});

const status = withBackup(({ reply }, backup) => {
  const { state, error, startedAtSec, sealedAtSec } = backup.status();
  reply.map(4);
  reply.bulk('state');
  reply.bulk(state);
  reply.bulk('error');
  reply.bulk(error);
  reply.bulk('start_time');
  reply.bulk(String(startedAtSec));
  reply.bulk('end_time');
  reply.bulk(String(sealedAtSec));
});

const list = withBackup(({ reply }, backup) => {
  const files = backup.files();
  reply.array(files.length);
  for (const path of files) reply.bulk(path);
});

function sub(name: string, flags: readonly CommandFlag[], summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: 2,
    flags,
    categories: [],
    group: 'server',
    since: SINCE,
    summary,
    complexity: 'O(1)',
    handler,
  };
}

const CHANGES: readonly CommandFlag[] = ['admin', 'noscript'];
const LOOKS: readonly CommandFlag[] = ['admin', 'stale'];

export const backupCommand: CommandSpec = {
  name: 'backup',
  arity: -2,
  flags: [],
  categories: [],
  group: 'server',
  since: SINCE,
  summary: 'Container of the commands about backups of the log.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    sub('start', CHANGES, 'Begins a backup.', start),
    sub(
      'seal',
      CHANGES,
      'Ends a backup: it holds the data set of now.',
      answered((backup) => backup.seal()),
    ),
    sub('status', LOOKS, 'Tells how far the backup is.', status),
    sub('list', LOOKS, 'Lists the files of the backup that do not change any more.', list),
    sub(
      'abort',
      CHANGES,
      'Gives a backup up that is not sealed.',
      answered((backup) => backup.abort()),
    ),
    sub(
      'cleanup',
      CHANGES,
      'Removes a backup that is sealed or has failed.',
      answered((backup) => backup.cleanup()),
    ),
    helpSubcommand(
      [
        'ABORT',
        '    Give a backup up that is not sealed, and remove its files.',
        'CLEANUP',
        '    Remove the files of a backup that is sealed or has failed.',
        'LIST',
        '    List the paths of its files that do not change any more.',
        'SEAL',
        '    End it: it holds the data set of now, verified and synced when the reply comes.',
        'START',
        '    Begin a backup in the folder backupdirname, which must be empty.',
        'STATUS',
        '    Tell how far it is.',
      ],
      'server',
      SINCE,
      [],
    ),
  ],
};
