/** `check-aof repair` and `check-aof undo`: the plan, its price, the question, and what came of it; for people or as JSON. */
import type { Disk } from '@aof/disk';
import { DiskError } from '@aof/disk';
import type { RepairArguments } from './arguments.ts';
import { describeText } from './describe-record.ts';
import { findingText, plural } from './findings.ts';
import { exceededLimit, type Loss } from './loss.ts';
import type { FileHolder } from './open-files.ts';
import { nameText, type Output } from './output.ts';
import { planRepair, type RepairPlan } from './repair-plan.ts';
import { RepairFailedError, type RepairResult, runRepair } from './repair-run.ts';
import type { Salvage } from './salvage.ts';
import { reasonOf } from './strict-command.ts';
import { undoRepair, WrittenSinceError } from './undo.ts';

/** Stable: scripts rely on them. */
export const REPAIR_STATUS = {
  /** Nothing was wrong, or all is well now. */
  ok: 0,
  /** There is something to repair, and nothing was done: a dry run, or the answer was no. */
  notDone: 1,
  usage: 2,
  /** The price is above --max-loss. */
  tooExpensive: 3,
  /** A process has the log open. */
  inUse: 4,
  /** There is no log, or none that can be repaired; or nothing to undo. */
  impossible: 5,
  /** The disk refused. */
  disk: 6,
} as const;

export type RepairStatus = (typeof REPAIR_STATUS)[keyof typeof REPAIR_STATUS];

export interface RepairCommandOptions {
  readonly disk: Disk;
  readonly output: Output;
  readonly nowMs: () => number;
  /** The path without links, absolute. */
  readonly realPath: (path: string) => string;
  readonly holderOf: (path: string) => FileHolder | undefined;
}

export async function repairCommand(args: RepairArguments, options: RepairCommandOptions): Promise<RepairStatus> {
  const report = new CommandReport('repair', args.path, options.output, args.isJson);
  return report.guard(async () => {
    const path = options.realPath(args.path);
    if (report.refusesHolder(options.holderOf(path))) return REPAIR_STATUS.inUse;
    const progress = (done: number, total: number): void => options.output.progress?.(done, total);
    const plan = await planRepair(options.disk, path, { progress, isSalvaging: args.isSalvaging });
    report.plan(plan);
    if (plan.isNothingToDo) return REPAIR_STATUS.ok;
    const exceeded = exceededLimit(plan.loss, args.limits);
    if (exceeded !== undefined) {
      report.say(`Nothing is done: this costs more than --max-loss ${exceeded.atMost}${exceeded.of} allows.`);
      return REPAIR_STATUS.tooExpensive;
    }
    if (args.isDryRun || !(args.isYes || (await report.agrees()))) return REPAIR_STATUS.notDone;
    // A server may have been started while the question was open.
    if (report.refusesHolder(options.holderOf(path))) return REPAIR_STATUS.inUse;
    report.result(await runRepair(plan, { disk: options.disk, nowMs: options.nowMs(), progress }));
    return REPAIR_STATUS.ok;
  });
}

export async function undoCommand(
  args: { readonly path: string; readonly isJson: boolean; readonly isForced: boolean },
  { disk, output, realPath, holderOf }: RepairCommandOptions,
): Promise<RepairStatus> {
  const report = new CommandReport('undo', args.path, output, args.isJson);
  return report.guard(async () => {
    const path = realPath(args.path);
    if (report.refusesHolder(holderOf(path))) return REPAIR_STATUS.inUse;
    const { undoFolder, restored, bytesSince } = undoRepair(disk, path, args.isForced);
    report.add({ undoFolder, restored, bytesSince });
    report.say(
      `The repair is undone: ${restored.length > 0 ? restored.join(', ') : 'the manifest'} is as it was before.`,
    );
    report.say(`What the repair had made is kept in ${undoFolder}.`);
    return REPAIR_STATUS.ok;
  });
}

/** Says everything as text, or collects it for one JSON document. */
class CommandReport {
  readonly #output: Output;
  readonly #isJson: boolean;
  readonly #document: Record<string, unknown>;

  constructor(command: string, path: string, output: Output, isJson: boolean) {
    this.#output = output;
    this.#isJson = isJson;
    this.#document = { command, path };
  }

  /** Runs the command; errors that mean that it cannot be done become a reason and a status. */
  async guard(command: () => Promise<RepairStatus>): Promise<RepairStatus> {
    const status = await command().catch((error: unknown) => this.#failed(error));
    this.add({ status });
    if (this.#isJson) this.#output.write(nameText(`${JSON.stringify(this.#document, undefined, 2)}\n`));
    return status;
  }

  say(line: string): void {
    if (!this.#isJson) this.#output.write(nameText(`${line}\n`));
  }

  add(fields: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#document, fields);
  }

  refusesHolder(holder: FileHolder | undefined): boolean {
    if (holder === undefined) return false;
    const { processId, processName, path } = holder;
    this.add({ holder });
    this.say(`Process ${processId} (${processName}) has ${path} open. Stop it first; nothing has been changed.`);
    return true;
  }

  plan({ folder, found, files, notes, loss, isNothingToDo }: RepairPlan): void {
    const plan = files.map(({ file, size, action, keptBytes, reason, salvage, loss: cost }) => ({
      file: file.name,
      action,
      bytes: size,
      keptBytes,
      reason,
      salvaged: salvage && {
        records: salvage.records,
        bytes: salvage.bytes,
        pieces: salvage.ranges.length,
        doubtfulKeys: salvage.doubtfulKeys.map(describeText),
        isDatabaseDoubtful: salvage.isDatabaseDoubtful,
      },
      lost: lossDocument(cost),
    }));
    this.add({ folder, manifest: found?.names.manifestName, plan, notes, lost: lossDocument(loss), isNothingToDo });
    this.say(`Log: ${folder}${found === undefined ? '' : ` (${found.names.manifestName})`}`);
    for (const note of notes) this.say(`  ${note}`);
    for (const { file, size, action, keptBytes, reason, salvage } of files) {
      if (action === 'keep') this.say(`  ${file.name}: good, ${size} bytes`);
      else if (action === 'rebuild') this.say(`  ${file.name}: ${reason}; they are written anew`);
      else this.say(`  ${file.name}: keep ${keptBytes} of ${size} bytes; what follows is ${reason}`);
      if (salvage !== undefined) this.#salvage(salvage);
    }
    if (isNothingToDo) return this.say('Nothing to repair.');
    const { bytes, commands, keyCount } = loss;
    const recognised = `${plural(commands, 'command')}, on ${plural(keyCount, 'key')}`;
    this.say(`Price: ${plural(bytes, 'byte')}; to be recognised in them: ${recognised}`);
    if (loss.keyNames.length > 0) {
      const more = loss.keyCount > loss.keyNames.length ? ', …' : '';
      this.say(`  keys: ${loss.keyNames.map(describeText).join(', ')}${more}`);
    }
    for (const unknown of loss.unknown) this.say(`  ${unknown}`);
  }

  #salvage({ records, ranges, doubtfulKeys, isDatabaseDoubtful }: Salvage): void {
    this.say(
      `    ${plural(records, 'record')} behind it, in ${plural(ranges.length, 'piece')}, can be recognised and are kept`,
    );
    if (isDatabaseDoubtful)
      this.say('    they may belong to another database: the command that selects it may be lost');
    if (doubtfulKeys.length === 0) return;
    this.say(`    ${plural(doubtfulKeys.length, 'key')} may be wrong, for what they build on may be lost:`);
    for (const key of doubtfulKeys) this.say(`      ${describeText(key)}`);
  }

  async agrees(): Promise<boolean> {
    if (!this.#isJson) this.#output.write('Repair it? The files from before are kept. [y/N]: ');
    const isYes = (await this.#output.answer()).toLowerCase() === 'y';
    if (!isYes) this.say('Nothing has been changed.');
    return isYes;
  }

  result({ undoFolder, replacements, report }: RepairResult): void {
    const { records, keys, findingCount } = report;
    this.add({ undoFolder, replacements, loaded: { records, keys, findingCount } });
    this.say(`Repaired. It loads: ${plural(records, 'record')}, ${plural(keys, 'key')}.`);
    if (findingCount > 0) this.say(`check-aof --strict has ${plural(findingCount, 'finding')} left in it.`);
    this.say(`The files from before are in ${undoFolder}; check-aof undo puts them back.`);
  }

  #failed(error: unknown): RepairStatus {
    if (error instanceof RepairFailedError) {
      this.add({ error: error.message, findings: error.findings });
      this.say(`Not repaired: ${error.message}.`);
      for (const finding of error.findings) if (!this.#isJson) this.#output.write(nameText(findingText(finding)));
      if (error.findings.some(({ code }) => code.startsWith('command-'))) {
        this.say('--salvage leaves out commands that no server knows.');
      }
      return REPAIR_STATUS.impossible;
    }
    const reason = error instanceof WrittenSinceError ? `${error.message}. --force does so.` : reasonOf(error);
    if (reason === undefined) throw error;
    this.add({ error: reason });
    this.say(reason);
    return error instanceof DiskError ? REPAIR_STATUS.disk : REPAIR_STATUS.impossible;
  }
}

function lossDocument({ bytes, commands, keyCount, keyNames, unknown }: Loss) {
  return { bytes, commands, keys: keyCount, keyNames: keyNames.map(describeText), unknown };
}
