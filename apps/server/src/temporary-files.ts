/**
 * What temporary files of rewrites and saves are called, and which of those that are found are leftovers.
 *
 *     temp-rewriteaof-<id>.aof, temp-rewriteaof-bg-<id>.aof, temp-rewriteaof-buffer-<id>.aof, temp-<id>.rdb, temp-bg-<id>.rdb
 *     <id>    <pid>-<hash of appendfilename or dbfilename>; <pid> alone, where Redis or an earlier version has written it
 *
 * Several servers may share a folder if their files have different names, also servers of one process. Who finds a file whose owner
 * may still be writing to it leaves it alone.
 */
import { claimHash } from '@aof/aof-files';
import type { FileClaims } from './file-claims.ts';

/** @param fileName of the file that is written anew: `appendfilename`, `dbfilename` */
export function temporaryId(fileName: string): string {
  return `${process.pid}-${claimHash(fileName)}`;
}

const ID = /^(?:buffer-)?(\d+)(?:-([0-9a-f]{16}))?$/;

/**
 * Whether another server may be writing the temporary file with this id, in `dir`.
 * @param claims undefined: nobody else can reach the disk
 */
export function isWrittenElsewhere(claims: FileClaims | undefined, id: string): boolean {
  if (claims === undefined) return false;
  const [, pid, hash] = ID.exec(id) ?? [];
  const holder = hash === undefined ? 'nobody' : claims.holderOf(hash);
  if (holder !== 'nobody') return holder === 'another';
  // In a container every server has the same pid, and finds its own number on what the last one has left behind.
  return pid === undefined || (Number(pid) !== process.pid && isAlive(Number(pid)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
