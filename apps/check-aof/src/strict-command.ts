/** `check-aof --strict`: the strict check for people and for programs. */
import { type Disk, DiskError } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import type { CommandNames } from './command-names.ts';
import { reasonOf } from './command-report.ts';
import { findingText, type StrictReport, sentence, summaryText, type Tint } from './findings.ts';
import { type HeldFiles, holdFound } from './held-files.ts';
import type { LogFile } from './log-files.ts';
import { nameText, type Output, toned } from './output.ts';
import { checkStrictly } from './strict-check.ts';

export interface StrictCommandOptions {
  readonly disk: Disk;
  readonly output: Output;
  readonly nowMs: () => number;
  readonly isJson: boolean;
  readonly names: CommandNames;
}

/** @returns 0: nothing was found, 1: something was, or there is no log to check */
export async function strictCommand(path: string, options: StrictCommandOptions): Promise<0 | 1> {
  const { disk, output, nowMs, isJson, names } = options;
  const sayJson = (fields: object, status: 0 | 1): void =>
    output.write(
      nameText(`${JSON.stringify({ command: 'check', mode: 'strict', path, ...fields, status }, undefined, 2)}\n`),
    );
  try {
    const progress = (done: number, total: number): void => output.progress?.(done, total);
    const { files, held } = logToCheck(disk, path);
    let report: StrictReport;
    try {
      report = await checkStrictly({ disk: held?.disk ?? disk, files, nowMs: nowMs(), progress, names });
    } finally {
      held?.letGo();
    }
    const status = report.findingCount === 0 ? 0 : 1;
    const hint = report.findings.some(({ code }) => code === 'command-unknown') ? names.hint : undefined;
    if (isJson) sayJson({ ...report, hint }, status);
    else sayReport(report, output, hint);
    return status;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    if (isJson) sayJson({ error: reason }, 1);
    else output.write(nameText(`${path}: ${reason}\n`));
    return 1;
  }
}

/** A server that rewrites the log meanwhile takes no file away; one that is gone for good is a finding. */
function logToCheck(disk: Disk, path: string): { readonly files: readonly LogFile[]; readonly held?: HeldFiles } {
  try {
    const { log, held } = holdFound(disk, () => findLog(disk, path));
    return { files: log.files, held };
  } catch (error) {
    // What cannot be opened is told file by file; what cannot be found is not.
    if (!(error instanceof DiskError)) throw error;
    return findLog(disk, path);
  }
}

function sayReport(report: StrictReport, output: Output, hint: string | undefined): void {
  const tint: Tint = (tone, text) => toned(output, tone, text);
  for (const finding of report.findings) output.write(nameText(findingText(finding, tint)));
  const isGood = report.findingCount === 0;
  output.write(`${tint(isGood ? 'good' : 'bad', summaryText(report).trimEnd())}\n`);
  if (hint !== undefined) output.write(`${sentence(hint)}\n`);
}
