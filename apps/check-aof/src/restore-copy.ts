/**
 * Copies the files of a log up to a place, into either layout. The records' own bytes stay as they are, so that whatever server
 * could read the log can read the copy.
 *
 * Invariants: nothing is written to the source; what was written is synced when this resolves; memory is two chunks.
 */
import { type BaseFormat, EMPTY_MANIFEST, type Manifest, readFileKind, writeWhole } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { encodeCommand } from '@aof/resp-codec';
import type { CommandNames } from './command-names.ts';
import type { CutPlace } from './restore-cut.ts';
import type { SourceLog } from './restore-source.ts';
import type { TargetFolder } from './restore-target.ts';

/** Each file of a log is loaded by a client of its own, which begins in database 0; in one file something must say so. */
function selectFirst(names: CommandNames): Uint8Array {
  // Where it has no name, those of the log itself have their own.
  return encodeCommand([names.written('SELECT') || 'SELECT', '0']);
}

/** A file of a log, as far as it is copied. */
export interface Part {
  readonly path: string;
  readonly role: 'single' | 'base' | 'incr';
  readonly sequence: number;
  /** Bytes of it that are copied, from its beginning. */
  readonly bytes: number;
}

/** The files that are copied, and how much of each. */
export function partsUpTo(disk: Disk, { files }: SourceLog, { fileIndex, fileOffset }: CutPlace): Part[] {
  return files
    .slice(0, fileIndex + 1)
    .map(({ path, role, sequence }, i) => {
      const bytes = i === fileIndex ? fileOffset : bytesOf(disk, path);
      return { path, role, sequence, bytes };
    })
    .filter(({ bytes }) => bytes > 0);
}

/** The size of a file that is held open, even if it has lost its name. @throws DiskError */
export function bytesOf(disk: Disk, path: string): number {
  const file = disk.open(path, 'read');
  try {
    return file.size();
  } finally {
    file.close();
  }
}

interface CopyOptions {
  readonly disk: Disk;
  readonly progress: (done: number, total: number) => void;
  readonly names: CommandNames;
}

/** @throws DiskError */
export async function copyUpTo(
  parts: readonly Part[],
  target: TargetFolder,
  { disk, progress, names }: CopyOptions,
): Promise<Manifest> {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const copied = (bytes: number): void => {
    done += bytes;
    progress(done, total);
  };
  if (target.layout === 'single') {
    await writing(disk, target.pathOf(''), async (to) => {
      for (const [i, part] of parts.entries()) {
        if (i > 0) writeWhole(to, selectFirst(names));
        await copyPart(disk, part, to, copied);
      }
    });
    return EMPTY_MANIFEST;
  }
  if (parts.length === 0) return writeEmptyBase(disk, target);
  let manifest = EMPTY_MANIFEST;
  for (const part of parts) {
    const file = fileInManifest(disk, part, target);
    await writing(disk, target.pathOf(file.name), (to) => copyPart(disk, part, to, copied));
    manifest = withFile(manifest, file);
  }
  return manifest;
}

/** No server starts from a manifest that lists nothing. Source: Redis aof.c, aofLoadManifestFromFile. */
async function writeEmptyBase(disk: Disk, target: TargetFolder): Promise<Manifest> {
  const name = target.staged.baseName(1, 'aof');
  await writing(disk, target.pathOf(name), async () => {});
  return withFile(EMPTY_MANIFEST, { name, sequence: 1, type: 'b' });
}

type ManifestFile = NonNullable<Manifest['base']>;

/** What was repaired or upgraded bears other names; in the copy all have the usual ones. */
function fileInManifest(disk: Disk, { path, role, sequence }: Part, { staged }: TargetFolder): ManifestFile {
  if (role === 'incr') return { name: staged.incrName(sequence), sequence, type: 'i' };
  const format: BaseFormat = readFileKind(disk, path) === 'rdb' ? 'rdb' : 'aof';
  const number = Math.max(1, sequence);
  return { name: staged.baseName(number, format), sequence: number, type: 'b' };
}

function withFile(manifest: Manifest, file: ManifestFile): Manifest {
  return file.type === 'b'
    ? { ...manifest, base: file, lastBaseSequence: file.sequence }
    : { ...manifest, incr: [...manifest.incr, file], lastIncrSequence: file.sequence };
}

async function writing(disk: Disk, path: string, write: (to: DiskFile) => Promise<void>): Promise<void> {
  const to = disk.open(path, 'truncate');
  try {
    await write(to);
    await to.sync();
  } finally {
    to.close();
  }
}

async function copyPart(disk: Disk, part: Part, to: DiskFile, copied: (bytes: number) => void): Promise<void> {
  const from = disk.open(part.path, 'read');
  try {
    let left = part.bytes;
    for await (const chunk of fileChunks(from, 0)) {
      const piece = chunk.subarray(0, Math.min(left, chunk.length));
      writeWhole(to, piece);
      copied(piece.length);
      left -= piece.length;
      if (left === 0) return;
    }
    // It has become shorter since it was looked at.
    throw new DiskError('EIO', 'read', part.path);
  } finally {
    from.close();
  }
}
