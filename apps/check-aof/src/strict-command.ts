/** `check-aof --strict`: the strict check for people and for programs. */
import type { Disk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { reasonOf } from './command-report.ts';
import { findingText, type StrictReport, summaryText, type Tint } from './findings.ts';
import { nameText, type Output, toned } from './output.ts';
import { checkStrictly } from './strict-check.ts';

export interface StrictCommandOptions {
  readonly disk: Disk;
  readonly output: Output;
  readonly nowMs: () => number;
  readonly isJson: boolean;
}

/** @returns 0: nothing was found, 1: something was, or there is no log to check */
export async function strictCommand(path: string, options: StrictCommandOptions): Promise<0 | 1> {
  const { disk, output, nowMs, isJson } = options;
  const sayJson = (fields: object, status: 0 | 1): void =>
    output.write(
      nameText(`${JSON.stringify({ command: 'check', mode: 'strict', path, ...fields, status }, undefined, 2)}\n`),
    );
  try {
    const { files } = findLog(disk, path);
    const progress = (done: number, total: number): void => output.progress?.(done, total);
    const report = await checkStrictly({ disk, files, nowMs: nowMs(), progress });
    const status = report.findingCount === 0 ? 0 : 1;
    if (isJson) sayJson(report, status);
    else sayReport(report, output);
    return status;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    if (isJson) sayJson({ error: reason }, 1);
    else output.write(nameText(`${path}: ${reason}\n`));
    return 1;
  }
}

function sayReport(report: StrictReport, output: Output): void {
  const tint: Tint = (tone, text) => toned(output, tone, text);
  for (const finding of report.findings) output.write(nameText(findingText(finding, tint)));
  const isGood = report.findingCount === 0;
  output.write(`${tint(isGood ? 'good' : 'bad', summaryText(report).trimEnd())}\n`);
}
