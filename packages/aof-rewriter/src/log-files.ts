/** Making new files of the log, and removing those that a rewrite has no more use for, with what vouches for them. */
import { removeChecksumsInBackground } from '@aof/aof-files';
import { DiskError, type DiskFile } from '@aof/disk';
import type { PlanContext } from './rewrite-plan.ts';

/** An empty file that is going to be a part of the log. @throws DiskError */
export function openLogFile(context: PlanContext, path: string): DiskFile {
  const file = context.disk.open(path, 'truncate');
  try {
    return context.vouch?.(file) ?? file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Closes and removes in the background: what resists is removed at the next start. Rejects only for a bug. */
export async function dropFile(context: PlanContext, path: string, file?: DiskFile): Promise<void> {
  try {
    file?.close();
    await removeChecksumsInBackground(context.disk, path);
    if (context.disk.status(path) !== undefined) await context.disk.unlinkInBackground(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    context.report('warning', `Cannot remove ${path}: ${error.reason}`);
  }
}
