/** redis-check-rdb's check of an RDB file: same lines, same verdict. Source: redis-check-rdb.c. */
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import type { CheckStatus } from './check-files.ts';
import { checkRdbPart } from './check-rdb-part.ts';
import { type LogStamp, nameText, type Output } from './output.ts';

export interface CheckRdbOptions {
  readonly disk: Disk;
  readonly output: Output;
  readonly stamp: LogStamp;
}

/** What follows the RDB part is not looked at. @throws DiskError reading failed after the file was opened */
export async function checkRdb(path: string, { disk, output, stamp }: CheckRdbOptions): Promise<CheckStatus> {
  const name = nameText(path);
  let file: DiskFile;
  try {
    file = disk.open(path, 'read');
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    output.write(`[offset 0] Checking RDB file ${name}\n`);
    // The other tool says no more than this; who asked cannot know why it failed.
    output.write(`Cannot open file ${name}: ${error.reason}\n`);
    return 1;
  }
  try {
    const size = file.size();
    const progress = (fileOffset: number): void => output.progress?.(fileOffset, size);
    const { state } = await checkRdbPart({ file, name, output, stamp, progress });
    return state === 'ok' ? 0 : 1;
  } finally {
    file.close();
  }
}
