/** Copies for repairs: sharing blocks where the file system can, in bounded memory where it cannot. */
import { writeWhole } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { folderAbove, looksAs, markOf, whereSupported } from './undo-record.ts';

/** Gives a file another name, or where that cannot be copies it: durable but for the name. Not again if it has been done. */
export async function keepUnder(disk: Disk, from: string, to: string): Promise<void> {
  if (disk.status(to) !== undefined) {
    if (looksAs(disk, to, markOf(disk, from))) return;
    // A copy that was cut off.
    disk.unlink(to);
  }
  if (whereSupported(() => disk.link(from, to))) return;
  await copyBeginning(disk, from, to, disk.status(from)?.size ?? 0);
}

/** Makes `to` from the first `bytes` of `from`, and what `append` writes behind them; durable but for the name. @returns its size */
export async function copyBeginning(
  disk: Disk,
  from: string,
  to: string,
  bytes: number,
  append: (from: DiskFile, to: DiskFile) => Promise<void> = async () => {},
): Promise<number> {
  if (disk.status(to) !== undefined) disk.unlink(to);
  const isClone = bytes > 0 && whereSupported(() => disk.clone(from, to));
  if (!isClone) refuseWithoutSpace(disk, folderAbove(to), bytes);
  return writeFrom(disk, from, to, async (source, target) => {
    if (isClone) target.truncate(bytes);
    else await copyRange(source, target, 0, bytes);
    await append(source, target);
  });
}

/** Writes a file, or on, from another, durably but for its name. @returns its bytes */
export async function writeFrom(
  disk: Disk,
  fromPath: string,
  toPath: string,
  write: (from: DiskFile, to: DiskFile) => Promise<void>,
): Promise<number> {
  const from = disk.open(fromPath, 'read');
  try {
    const to = disk.open(toPath, 'append');
    try {
      await write(from, to);
      to.syncNow();
      return to.size();
    } finally {
      to.close();
    }
  } finally {
    from.close();
  }
}

export async function copyRange(from: DiskFile, to: DiskFile, start: number, end: number): Promise<void> {
  let left = end - start;
  if (left === 0) return;
  for await (const chunk of fileChunks(from, start)) {
    const part = chunk.subarray(0, Math.min(left, chunk.length));
    writeWhole(to, part);
    left -= part.length;
    if (left === 0) return;
  }
}

/** @throws DiskError ENOSPC */
export function refuseWithoutSpace(disk: Disk, folder: string, bytes: number): void {
  const free = disk.freeBytes(folder);
  if (free !== undefined && free < bytes) throw new DiskError('ENOSPC', 'write', folder);
}
