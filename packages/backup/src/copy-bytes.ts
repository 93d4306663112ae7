/** Copies the beginning of a file that may go on growing. */
import { writeWhole } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { BackupError } from './backup-error.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Makes `to` a synced file with the first `size` bytes that `from` has now: by sharing their blocks where the file system can, otherwise
 * by copying them in turns. Another file may get the name `from` meanwhile.
 *
 * @throws BackupError BACKUP_NO_ROOM @throws DiskError, and `to` may be left
 */
export async function copyBytes(
  disk: Disk,
  from: string,
  to: string,
  size: number,
  yieldTurn: () => Promise<void>,
): Promise<void> {
  const target = cloned(disk, from, to, size);
  if (target !== undefined) return syncAndClose(target);
  const source = disk.open(from, 'read');
  try {
    assertRoom(disk, to, size);
    await copyInTurns(source, disk.open(to, 'truncate'), size, yieldTurn);
  } finally {
    source.close();
  }
}

function cloned(disk: Disk, from: string, to: string, size: number): DiskFile | undefined {
  try {
    disk.clone(from, to);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOTSUP') throw error;
    return undefined;
  }
  const file = disk.open(to, 'append');
  if (file.size() > size) file.truncate(size);
  return file;
}

function assertRoom(disk: Disk, to: string, size: number): void {
  const freeBytes = disk.freeBytes(to.slice(0, to.lastIndexOf('/')));
  if (freeBytes === undefined || freeBytes >= size) return;
  throw new BackupError(
    'BACKUP_NO_ROOM',
    `the disk has no room for a backup: ${size} bytes are needed, ${freeBytes} are free`,
    { path: to, hint: 'Free some space, or let dir be on a file system that links or clones files.' },
  );
}

async function copyInTurns(
  source: DiskFile,
  target: DiskFile,
  size: number,
  yieldTurn: () => Promise<void>,
): Promise<void> {
  try {
    const chunk = new Uint8Array(Math.max(1, Math.min(CHUNK_BYTES, size)));
    for (let position = 0; position < size; ) {
      const read = await source.readAsync(chunk, 0, Math.min(chunk.length, size - position), position);
      if (read === 0) throw new DiskError('EIO', 'read', source.path, { reason: `it ends at ${position}` });
      writeWhole(target, chunk.subarray(0, read));
      position += read;
      await yieldTurn();
    }
    await target.sync();
  } finally {
    target.close();
  }
}

async function syncAndClose(file: DiskFile): Promise<void> {
  try {
    await file.sync();
  } finally {
    file.close();
  }
}
