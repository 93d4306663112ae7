/** `check-aof --strict`: the strict check for people and for programs. */
import type { Disk } from '@aof/disk';
import { reasonOf } from './command-report.ts';
import { findingText, summaryText } from './findings.ts';
import { logFilesOf } from './log-files.ts';
import { nameText, type Output } from './output.ts';
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
  try {
    const { files } = logFilesOf(disk, path);
    const progress = (done: number, total: number): void => output.progress?.(done, total);
    const report = await checkStrictly({ disk, files, nowMs: nowMs(), progress });
    if (isJson) output.write(nameText(`${JSON.stringify({ path, ...report }, undefined, 2)}\n`));
    else {
      for (const finding of report.findings) output.write(nameText(findingText(finding)));
      output.write(summaryText(report));
    }
    return report.findingCount === 0 ? 0 : 1;
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    if (isJson) output.write(nameText(`${JSON.stringify({ path, error: reason }, undefined, 2)}\n`));
    else output.write(nameText(`${path}: ${reason}\n`));
    return 1;
  }
}
