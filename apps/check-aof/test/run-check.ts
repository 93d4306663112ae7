/** Runs a check in memory and collects what it says. */
import type { Disk } from '@aof/disk';
import { type CheckMode, type CheckStatus, checkAof } from '../src/index.ts';

export interface CheckRun {
  readonly exit: CheckStatus;
  readonly stdout: string;
}

export async function runCheck(
  disk: Disk,
  path: string,
  { mode = { kind: 'check' }, answer = 'y', nowMs = 0 }: { mode?: CheckMode; answer?: string; nowMs?: number } = {},
): Promise<CheckRun> {
  let stdout = '';
  const output = {
    write: (text: string) => {
      stdout += text;
    },
    answer: async () => answer.charAt(0),
  };
  const { status: exit } = await checkAof(path, { disk, output, stamp: { processId: 7, nowMs: () => nowMs }, mode });
  return { exit, stdout };
}

/** Without what differs from run to run and from version to version: process, time, and lines of the tool's source. */
export function normalised(stdout: string): string {
  return (
    stdout
      .replace(/^\d+:C \d\d \w{3} \d{4} [\d:.]+ # /gm, '<log> ')
      .replace(/function at rdb\.c:\d+ -> .*/g, 'function at rdb.c')
      .replace(/Checking RDB file (\.\/)?/g, 'Checking RDB file ')
      .replace(/\((unknown|stream-v2)\)/g, '(stream)')
      // Behind the end of a line that is cut off, redis-check-aof prints what its buffer held before.
      .replace(/(Expected \\r\\n, got: 00)[0-9a-f]+/g, '$1')
      .replaceAll('redis-check-aof', 'check-aof')
  );
}
