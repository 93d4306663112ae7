/** Who may read and write the files of a log, by their owner and mode. POSIX only; elsewhere nothing is known. */
import { accessSync, constants, statSync } from 'node:fs';

export interface Access {
  readonly ownerId: number;
  /** The permission bits. */
  readonly mode: number;
  /** By whoever runs this. */
  readonly isReadable: boolean;
}

/** Undefined if there is no such file, or nothing can be known of it. */
export function accessOf(path: string): Access | undefined {
  try {
    const { uid, mode } = statSync(path);
    return { ownerId: uid, mode: mode & 0o7777, isReadable: isReadable(path) };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
