/** Removing files that a rewrite has no more use for. */
import { DiskError, type DiskFile } from '@aof/disk';
import type { PlanContext } from './rewrite-plan.ts';

/** Closes and removes: what resists is removed at the next start. */
export function dropFile(context: PlanContext, path: string, file?: DiskFile): void {
  try {
    file?.close();
    if (context.disk.status(path) !== undefined) context.disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    context.report('warning', `Cannot remove ${path}: ${error.reason}`);
  }
}
