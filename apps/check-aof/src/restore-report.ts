/** What `restore` and `convert` say: where the log ends now, what is left out or lost, and how to start from the result. */
import { AofError } from '@aof/aof-files';
import type { CommandNames } from './command-names.ts';
import { type CommandReport, holderText } from './command-report.ts';
import { describeText } from './describe-record.ts';
import { accessOf } from './doctor-access.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { plural, sentence } from './findings.ts';
import type { FileHolder } from './open-files.ts';
import type { RestoreRequest, RestoreResult } from './restore.ts';
import type { FoundCut, LogTimes } from './restore-cut.ts';
import type { LossCode } from './restore-data-set.ts';
import { baseName, DEFAULT_APPEND_FILE, DEFAULT_APPEND_FOLDER, type SourceLog } from './restore-source.ts';
import { timeText } from './restore-time.ts';

/** A server goes on writing to what is restored from. */
export function sayHolder(report: CommandReport, holder: FileHolder | undefined): void {
  if (holder === undefined) return;
  report.add({ holder });
  report.say(`${holderText(holder)}: what it writes from now on is not looked at.`);
  report.say(
    '  A rewrite would remove the commands from before it; CONFIG SET auto-aof-rewrite-percentage 0 holds it off.',
  );
}

/** What is kept, and what is not. */
export function sayFound(report: CommandReport, source: SourceLog, found: FoundCut): void {
  const { place, leftOut, times, keptCommands, keptUntilSeconds, fault, tail } = found;
  const file = source.files[place.fileIndex]?.name ?? '';
  report.add({
    log: { path: source.path, layout: source.layout, files: source.files.map(({ name }) => name) },
    cut: { file, offset: place.fileOffset },
    kept: { commands: keptCommands, until: isoOrNull(keptUntilSeconds) },
    leftOut: {
      commands: leftOut.commands,
      keys: leftOut.keyCount,
      keyNames: leftOut.keyNames.map(describeText),
      first: leftOut.first ?? null,
    },
    times: timesDocument(times),
    ...(fault && { damage: { path: fault.path, offset: fault.fileOffset, message: fault.message } }),
    ...(tail && { unfinishedEnd: { path: tail.path, offset: tail.goodEndOffset, message: tail.message } }),
  });
  report.say(`Log: ${source.path}`);
  const until = keptUntilSeconds === undefined ? '' : `, until ${timeText(keptUntilSeconds)}`;
  const base = source.files.length > 1 || times.baseSeconds !== undefined ? ' behind what the log begins with' : '';
  report.say(
    `Kept: what is before offset ${place.fileOffset} of ${file}: ${plural(keptCommands, 'command')}${base}${until}`,
  );
  if (leftOut.commands > 0) {
    const names = leftOut.keyNames.map(describeText).join(', ');
    const more = leftOut.keyCount > leftOut.keyNames.length ? ', …' : '';
    report.say(`Left out: ${plural(leftOut.commands, 'command')}, which name ${plural(leftOut.keyCount, 'key')}`);
    if (leftOut.first) {
      const { text, file: where, fileOffset, atSeconds } = leftOut.first;
      const when = atSeconds === undefined ? '' : `, at ${timeText(atSeconds)}`;
      report.say(`  the first: ${text}, in ${where} at offset ${fileOffset}${when}`);
    }
    if (names !== '') report.say(`  keys: ${names}${more}`);
  } else if (fault === undefined) report.say('Left out: no command');
  if (tail !== undefined) report.say(`  The log ends unfinished: ${tail.message}. A server leaves that out too.`);
  if (fault !== undefined) report.say(`  The log is damaged there: ${fault.message}. What is behind was not counted.`);
  if (times.stepsBack > 0) {
    report.say(
      `  The clock went back ${plural(times.stepsBack, 'time')} in this log: the order of the commands decided, not their times.`,
    );
  }
}

/** What was written. */
export function sayResult(
  report: CommandReport,
  request: RestoreRequest,
  result: RestoreResult,
  names: CommandNames,
): void {
  const { layout, form, bytes, leftOutBytes, keys, notReplayed, hasUnknownName, refusal } = result;
  const hint = hasUnknownName ? names.hint : undefined;
  report.add({
    target: request.target,
    layout,
    form,
    bytes,
    leftOutBytes,
    keys,
    notReplayed,
    losses: lossesDocument(result),
    start: startLine(request, result, names),
    ...(hint && { hint }),
    ...(refusal && { refusal }),
  });
  const how = form === 'copy' ? 'the bytes of the log' : `a base in ${form === 'rdb' ? 'RDB' : 'RESP'} form`;
  report.say(`Written to ${request.target}: ${how}, ${layout} layout, ${plural(bytes, 'byte')}`);
  if (form === 'copy') report.say(`  Bytes of the log that are not in it: ${leftOutBytes}`);
  report.say(`It loads: ${plural(keys.kept, 'key')}.`);
  if (keys.leftOut > 0) report.say(`  Left out, because not asked for: ${plural(keys.leftOut, 'key')}.`);
  sayExpired(report, request, result);
  if (notReplayed > 0) {
    report.say(`  Not tried, because not known here, but in it: ${plural(notReplayed, 'command')}.`);
    if (hint !== undefined) report.say(`  ${sentence(hint)}`);
  }
  if (refusal !== undefined) report.say(`  ${refusal}; --target redis-7.0 writes a base without names.`);
  for (const [code, { count, examples }] of result.losses.byCode) {
    const shown = examples.length > 0 ? `: ${examples.join(', ')}${count > examples.length ? ', …' : ''}` : '';
    report.say(`  Lost: ${LOSS_TEXT[code]} (${count})${shown}`);
  }
  sayOwner(report, result.source.path, request.target);
  report.say('To start a server from it:');
  report.say(`  ${startLine(request, result, names)}`);
}

/** Who restores is often root, and the server another user, who could not write to what root has made. */
function sayOwner(report: CommandReport, source: string, target: string): void {
  const [from, to] = [accessOf(source), accessOf(target)];
  if (from === undefined || to === undefined || from.ownerId === to.ownerId) return;
  report.add({ owner: { source: from.ownerId, target: to.ownerId } });
  report.say(`It belongs to user ${to.ownerId}, the log to user ${from.ownerId}. For a server of that user:`);
  report.say(`  chown -R --reference=${shellWord(source)} ${shellWord(target)}`);
}

function sayExpired(report: CommandReport, { selection }: RestoreRequest, { keys, form }: RestoreResult): void {
  if (keys.expired === 0) return;
  const what = `  Expired by now: ${plural(keys.expired, 'key')}.`;
  if (selection.keepsExpired) return report.say(`${what} They are kept, without expiry.`);
  const end = form === 'copy' ? 'In a copy they are, but a server deletes them when it starts' : 'They are left out';
  report.say(`${what} ${end}; --keep-expired keeps them.`);
}

const LOSS_TEXT: Readonly<Record<LossCode, string>> = {
  key: 'keys of a type that the target does not know',
  'hash-field-expiry': 'when fields of hashes expire',
  'stream-counters': 'counters of streams, which the target estimates',
  'stream-active-time': 'when consumers of streams were active last',
  'stream-pending': 'pending entries of streams whose entries are deleted',
  'stream-unowned-pending': 'pending entries of streams that nobody owns',
  'stream-producers': 'what streams remember of their producers',
  usage: 'how long keys were idle, or how often they were used',
  function: 'function libraries',
  module: 'values of modules, which only the module can read',
  'slot-import': 'a migration of slots that was under way',
  command: 'commands that cannot be replayed here',
};

/** Loss by code, for --json. */
function lossesDocument({ losses }: RestoreResult): Readonly<Record<string, unknown>> {
  return Object.fromEntries(losses.byCode);
}

/** The command that starts a server from the result. */
function startLine({ target, server }: RestoreRequest, { source, layout }: RestoreResult, names: CommandNames): string {
  const { appendfilename, appendDir } = source.names;
  const folder = baseName(appendDir);
  // Without its names the server would not know the log.
  const config = names.areRenamed && names.configPath !== undefined ? [shellWord(names.configPath)] : [];
  const words = [programOf(server), ...config, '--dir', shellWord(target), '--appendonly', 'yes'];
  if (appendfilename !== DEFAULT_APPEND_FILE) words.push('--appendfilename', shellWord(appendfilename));
  if (layout === 'multi-part' && folder !== DEFAULT_APPEND_FOLDER) words.push('--appenddirname', shellWord(folder));
  return words.join(' ');
}

function programOf(server: RestoreRequest['server']): string {
  if (server === 'ours') return 'aof-server';
  return server?.startsWith('valkey') ? 'valkey-server' : 'redis-server';
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function timesDocument({
  baseSeconds,
  firstSeconds,
  lastSeconds,
  stepsBack,
}: LogTimes): Readonly<Record<string, unknown>> {
  return {
    base: isoOrNull(baseSeconds),
    first: isoOrNull(firstSeconds),
    last: isoOrNull(lastSeconds),
    stepsBack,
  };
}

function isoOrNull(seconds: number | undefined): string | null {
  return seconds === undefined ? null : timeText(seconds);
}

/** Errors with a code and a hint; others are for the caller. */
export function explainError(report: CommandReport, error: unknown): ExitStatus | undefined {
  if (!(error instanceof AofError)) return undefined;
  const { message, code, hint, path, fileOffset } = error;
  report.add({ error: message, code, hint: hint ?? null, errorPath: path ?? null, errorOffset: fileOffset ?? null });
  report.say(message.endsWith('.') || message.endsWith(')') ? message : `${message}.`);
  if (hint !== undefined) report.say(hint);
  return EXIT.impossible;
}
