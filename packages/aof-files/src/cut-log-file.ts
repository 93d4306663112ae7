/** Cutting the end off a file of the log, with what vouches for it. */
import type { Disk } from '@aof/disk';
import { appendChecksums, readChecksums, removeChecksums } from './checksum-file.ts';

/**
 * Cuts the file at `path` to `size` bytes, durably: else a crash could bring its tail back in front of new records. Where bytes
 * that are vouched for go, the checksum file goes first and comes back for what is left.
 *
 * @throws DiskError
 */
export function cutLogFile(disk: Disk, path: string, size: number): void {
  const table = readChecksums(disk, path, disk.status(path)?.size ?? 0);
  const isVouchedFor = table !== undefined && table.coveredEnd > size;
  if (isVouchedFor) {
    removeChecksums(disk, path);
    disk.syncDirectory(path.slice(0, path.lastIndexOf('/')) || (path.startsWith('/') ? '/' : '.'));
  }
  // Not `truncate`, which would empty it.
  const file = disk.open(path, 'append');
  try {
    file.truncate(size);
    file.syncNow();
  } finally {
    file.close();
  }
  if (isVouchedFor) appendChecksums(disk, path, [...table.sumsUpTo(size)]);
}
