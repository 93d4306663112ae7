/** `check-aof repair`: the plan, its price, the question, and what came of it. */
import { CONFIG_OPTION, type CommandNames, commandNames } from './command-names.ts';
import { CommandReport } from './command-report.ts';
import { describeText } from './describe-record.ts';
import { EXIT, type ExitStatus } from './exit-status.ts';
import { findingText, plural, sentence } from './findings.ts';
import { placeText } from './key-place.ts';
import type { RealPath } from './log-files.ts';
import { exceededLimit, type Loss, type LossLimit, parseLossLimit } from './loss.ts';
import { type FilePlan, planRepair, type RepairPlan } from './repair-plan.ts';
import { RepairFailedError, type RepairResult, runRepair } from './repair-run.ts';
import type { Salvage } from './salvage.ts';
import { type Environment, type Invocation, type Subcommand, UsageError } from './subcommand.ts';

export const repair: Subcommand = {
  name: 'repair',
  summary: 'Repair a whole log, files and manifest; says what that costs, and keeps the files from before',
  operands: '<folder|file.manifest|file.aof>',
  options: [
    { name: '--dry-run', summary: 'end behind the plan; nothing is changed' },
    { name: '--yes', summary: 'do not ask' },
    {
      name: '--max-loss',
      value: '<amount>',
      isRepeatable: true,
      summary: 'do nothing if it costs more; all must hold',
    },
    { name: '--no-load', summary: 'read the result through instead of loading it: for data sets larger than memory' },
    { name: '--salvage', summary: 'go past holes, and say which keys may be wrong because of it' },
    CONFIG_OPTION,
  ],
  examples: [
    {
      purpose: 'The server does not start. What is wrong, what can be done, what would it cost?',
      lines: ['check-aof repair --dry-run appendonlydir'],
    },
    {
      purpose: 'Do it: files and manifest, whatever is broken; the files from before are kept.',
      lines: ['check-aof repair appendonlydir', 'check-aof undo appendonlydir'],
    },
    {
      purpose: 'Go past a hole and keep what can be recognised behind it; says which keys may be wrong:',
      lines: ['check-aof repair --salvage appendonlydir'],
    },
    {
      purpose: 'In a container, before the server: repair by itself what costs little, else stop here.',
      lines: ['check-aof repair --yes --max-loss 1mb --max-loss 100commands /data/appendonlydir || exit 1'],
    },
  ],
  remarks: ['An amount is in bytes (500, 64kb, 1mb, 2gb), commands (10commands) or keys (3keys).'],
  exitStatus: {
    [EXIT.ok]: 'nothing to do, or done',
    [EXIT.found]: 'there is something to do, and it was not done: a dry run, or the answer was no',
    [EXIT.tooExpensive]: 'it costs more than --max-loss allows',
    [EXIT.inUse]: 'a process has the log open, or has claimed it',
    [EXIT.impossible]: 'there is no log, or one that would not load even then; nothing was changed',
    [EXIT.disk]: 'the disk refused',
  },
  run: runRepairCommand,
};

interface RepairRequest {
  readonly isDryRun: boolean;
  readonly isYes: boolean;
  readonly isSalvaging: boolean;
  readonly isOnlyRead: boolean;
  readonly limits: readonly LossLimit[];
  readonly names: CommandNames;
}

async function runRepairCommand(invocation: Invocation, environment: Environment): Promise<ExitStatus> {
  const request = requestOf(invocation, commandNames(invocation, environment));
  const { path, isJson } = invocation;
  const report = new CommandReport('repair', path, environment.output, isJson);
  return report.guard(
    () => planAndRepair(path, request, environment, report),
    (error) => (error instanceof RepairFailedError ? sayFailed(error, request.names, report) : undefined),
  );
}

/** @throws UsageError */
function requestOf(invocation: Invocation, names: CommandNames): RepairRequest {
  const limits = invocation.values('--max-loss').map((text) => {
    const limit = parseLossLimit(text);
    if (limit === undefined) throw new UsageError(`--max-loss takes 64kb, 10commands or 3keys, not '${text}'`);
    return limit;
  });
  return {
    isDryRun: invocation.has('--dry-run'),
    isYes: invocation.has('--yes'),
    isSalvaging: invocation.has('--salvage'),
    isOnlyRead: invocation.has('--no-load'),
    limits,
    names,
  };
}

async function planAndRepair(
  givenPath: string,
  request: RepairRequest,
  environment: Environment,
  report: CommandReport,
): Promise<ExitStatus> {
  const { disk, output, nowMs, realPath } = environment;
  const { isDryRun, isYes, isSalvaging, isOnlyRead, limits, names } = request;
  if (!isDryRun && report.isInUse(environment, givenPath)) return EXIT.inUse;
  const progress = (done: number, total: number): void => output.progress?.(done, total);
  const plan = await planRepair(disk, realPath(givenPath), { progress, isSalvaging, realPath, names });
  sayPlan(plan, report);
  if (!isSalvaging) saySalvageable(plan, `${names.optionText} ${givenPath}`, report);
  const error = reasonAgainst(plan, request, realPath);
  if (error !== undefined) {
    report.add({ error });
    report.say(`Nothing is done: ${error}`);
    sayHint(plan, names, report);
    return EXIT.impossible;
  }
  sayHint(plan, names, report);
  if (plan.isNothingToDo) return EXIT.ok;
  const exceeded = exceededLimit(plan.loss, limits);
  if (exceeded !== undefined) {
    report.add({ exceeded });
    report.say(`Nothing is done: this costs more than --max-loss ${exceeded.atMost}${exceeded.of} allows.`);
    return EXIT.tooExpensive;
  }
  if (isDryRun || !(isYes || (await report.agrees('Repair it? The files from before are kept.')))) return EXIT.found;
  // A server may have been started while the question was open.
  if (report.isInUse(environment, givenPath)) return EXIT.inUse;
  sayResult(await runRepair(plan, { disk, nowMs: nowMs(), progress, isOnlyRead, names }), report);
  return EXIT.ok;
}

/** Why the plan must not be carried out, and what to do. */
function reasonAgainst(
  { files, found, folder }: RepairPlan,
  { isSalvaging, names }: RepairRequest,
  realPath: RealPath,
) {
  if (files.some(({ unrunnable }) => unrunnable !== undefined) && !isSalvaging) {
    const unless = names.hint === undefined ? '' : ', unless its configuration calls commands so (rename-command)';
    return `no server would start from it${unless}. --salvage leaves out commands that no server runs.`;
  }
  if (found === undefined) return undefined;
  for (const { file, action } of files) {
    if (action === 'keep') continue;
    const real = realPath(file.path);
    if (real !== `${realPath(folder)}/${file.name}`)
      return `${file.name} is a symbolic link to ${real}, and no server makes such a part of a log. Put the file in its place first: mv ${real} ${file.path}`;
  }
  return undefined;
}

function sayPlan({ folder, found, files, notes, loss, isNothingToDo }: RepairPlan, report: CommandReport): void {
  const plan = files.map(fileDocument);
  report.add({ folder, manifest: found?.names.manifestName, plan, notes, lost: lossDocument(loss), isNothingToDo });
  report.say(`Log: ${folder}${found === undefined ? '' : ` (${found.names.manifestName})`}`);
  for (const note of notes) report.say(`  ${note}`);
  for (const { file, size, action, keptBytes, reason, salvage, unrunnable, resumption, doubtfulKey } of files) {
    if (action === 'keep') report.say(`  ${file.name}: good, ${size} bytes`);
    else if (action === 'rebuild') report.say(`  ${file.name}: ${reason}; they are written anew`);
    else if (action === 'accept') report.say(`  ${file.name}: keep all ${size} bytes as they are, although ${reason}`);
    else report.say(`  ${file.name}: keep ${keptBytes} of ${size} bytes; what follows is ${reason}`);
    if (doubtfulKey !== undefined)
      report.say(`    1 key may be wrong, for its length may be what is damaged: ${placeText(doubtfulKey)}`);
    if (resumption?.firstKey !== undefined)
      report.say(`    1 key may be wrong, for nothing says where keys begin: ${describeText(resumption.firstKey)}`);
    if (salvage !== undefined) saySalvage(salvage, report);
    else if (unrunnable !== undefined)
      report.say(`    ${unrunnable.reason}, at offset ${unrunnable.offset}, line ${unrunnable.line}`);
  }
  if (isNothingToDo) report.say('Nothing to repair.');
  else sayPrice(loss, report);
}

function fileDocument(plan: FilePlan) {
  const { file, size, action, keptBytes, reason, salvage, salvageable, unrunnable, resumption, doubtfulKey } = plan;
  return {
    file: file.name,
    action,
    bytes: size,
    keptBytes,
    reason,
    unrunnable: unrunnable && { offset: unrunnable.offset, line: unrunnable.line, reason: unrunnable.reason },
    salvageable,
    doubtful: doubtfulKey && { key: describeText(doubtfulKey.key), database: doubtfulKey.database },
    resumed: resumption && {
      offset: resumption.offset,
      keys: resumption.keys,
      firstKey: resumption.firstKey && describeText(resumption.firstKey),
    },
    salvaged: salvage && {
      records: salvage.records,
      bytes: salvage.bytes,
      pieces: salvage.ranges.length,
      doubtfulKeys: salvage.doubtfulKeys.map(({ key }) => describeText(key)),
      doubtfulDatabases: salvage.doubtfulKeys.map(({ database }) => database),
      isDatabaseDoubtful: salvage.isDatabaseDoubtful,
    },
    lost: lossDocument(plan.loss),
  };
}

/** Commands that no server seems to run may be renamed ones, and good. */
function sayHint({ files }: RepairPlan, { hint }: CommandNames, report: CommandReport): void {
  if (hint === undefined || !files.some(({ hasUnknownName = false }) => hasUnknownName)) return;
  report.add({ hint });
  report.say(sentence(hint));
}

/** What would cost less. @param rest of the line to type */
function saySalvageable({ files }: RepairPlan, rest: string, report: CommandReport): void {
  const commands = files.reduce((sum, { salvageable = 0 }) => sum + salvageable, 0);
  const hasKeysBehind = files.some(({ action, doubtfulKey }) => action === 'rebuild' && doubtfulKey !== undefined);
  if (commands === 0 && !hasKeysBehind) return;
  const what =
    commands > 0
      ? `${plural(commands, 'command')} of these can be kept`
      : 'Keys behind the damage may be found, and kept';
  report.say(`${what}: check-aof repair --dry-run --salvage${rest}`);
}

function sayPrice({ bytes, commands, keyCount, keys, unknown }: Loss, report: CommandReport): void {
  if (bytes === 0 && keyCount === 0 && unknown.length === 0) return report.say('Price: nothing is left out.');
  const recognised = `${plural(commands, 'command')}, on ${plural(keyCount, 'key')}`;
  report.say(`Price: ${plural(bytes, 'byte')}; to be recognised in them: ${recognised}`);
  if (keys.length > 0) {
    const more = keyCount > keys.length ? ', …' : '';
    report.say(`  keys: ${keys.map(placeText).join(', ')}${more}`);
  }
  for (const one of unknown) report.say(`  ${one}`);
}

function saySalvage({ records, ranges, doubtfulKeys, isDatabaseDoubtful }: Salvage, report: CommandReport): void {
  if (records === 0) report.say('    nothing behind it can be recognised');
  else
    report.say(
      `    ${plural(records, 'record')} behind it, in ${plural(ranges.length, 'piece')}, can be recognised and are kept`,
    );
  if (isDatabaseDoubtful)
    report.say('    they may belong to another database: the command that selects it may be lost');
  if (doubtfulKeys.length === 0) return;
  report.say(`    ${plural(doubtfulKeys.length, 'key')} may be wrong, for what they build on may be lost:`);
  for (const place of doubtfulKeys) report.say(`      ${placeText(place)}`);
}

function sayResult({ undoFolder, replacements, loaded }: RepairResult, report: CommandReport): void {
  const { records, keys, failed, notReplayed } = loaded;
  report.add({ undoFolder, replacements, loaded });
  if (keys === undefined) report.say(`Repaired. It can be read to its end: ${plural(records, 'record')}.`);
  else report.say(`Repaired. It loads: ${plural(records, 'record')}, ${plural(keys, 'key')}.`);
  if (failed > 0) report.say(`${plural(failed, 'command')} in it fail: check-aof --strict says which.`);
  if (notReplayed > 0)
    report.say(`${plural(notReplayed, 'command')} could not be tried: only other servers know them.`);
  report.say(`The files from before are in ${undoFolder}; check-aof undo puts them back.`);
}

function sayFailed(
  { message, findings }: RepairFailedError,
  { hint }: CommandNames,
  report: CommandReport,
): ExitStatus {
  report.add({ error: message, findings });
  report.say(`Not repaired: ${message}.`);
  for (const finding of findings) report.say(findingText(finding).trimEnd());
  if (findings.some(({ code }) => code.startsWith('command-'))) {
    report.say('--salvage leaves out commands that no server knows.');
  }
  if (hint !== undefined && findings.some(({ code }) => code === 'command-unknown')) {
    report.add({ hint });
    report.say(sentence(hint));
  }
  return EXIT.impossible;
}

function lossDocument({ bytes, commands, keyCount, keys, unknown }: Loss) {
  const keyNames = keys.map(({ key }) => describeText(key));
  return { bytes, commands, keys: keyCount, keyNames, keyDatabases: keys.map(({ database }) => database), unknown };
}
