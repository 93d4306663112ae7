/**
 * The claim of a server on a file that it writes: its log (`appendfilename` in `dir`), its snapshot (`dbfilename` in `dir`).
 *
 *     \0aof:<device>:<inode of dir>:<hash of the file's name>
 *
 * A claim is a socket that listens on this name, which is in no folder ("abstract", a zero byte first). Linux gives a name to one
 * socket at a time, frees it with the process, and shows all names to every user. Here is what the name is, and how it is looked
 * up; sockets and /proc are the business of programs.
 *
 * Source: unix(7), "Abstract sockets"; proc(5), /proc/net/unix.
 */
import { createHash } from 'node:crypto';

/** The text that tells which names are taken. */
export const CLAIMS_FILE = '/proc/net/unix';

/** 16 hexadecimal digits that stand for a file's name: a name of a socket has 107 bytes at most, and a file name 255. */
export function claimHash(fileName: string): string {
  return createHash('sha256').update(fileName).digest('hex').slice(0, 16);
}

/** The name of the claim on a file. @param folder device and inode of the folder that it is, or will be, in */
export function claimName(folder: { readonly dev: bigint; readonly ino: bigint }, hash: string): string {
  return `\0aof:${folder.dev}:${folder.ino}:${hash}`;
}

/**
 * The inode of a socket that has the name, as `/proc/<pid>/fd` names it too; undefined if there is none.
 * @param sockets what `CLAIMS_FILE` holds, as latin1
 */
export function claimingSocket(sockets: string, name: string): string | undefined {
  const end = sockets.indexOf(` ${name.replace('\0', '@')}\n`);
  return end < 0 ? undefined : /(\d+)$/.exec(sockets.slice(0, end))?.[1];
}

/** A claim on some file: the hash of its name, and the inode of the socket. */
export interface Claim {
  readonly hash: string;
  readonly socket: string;
}

/** All claims on files of a folder, there or not yet there. @param sockets what `CLAIMS_FILE` holds, as latin1 */
export function claimsIn(sockets: string, folder: { readonly dev: bigint; readonly ino: bigint }): Claim[] {
  const line = new RegExp(`(\\d+) @aof:${folder.dev}:${folder.ino}:([0-9a-f]+)$`, 'gm');
  return [...sockets.matchAll(line)].map(([, socket = '', hash = '']) => ({ hash, socket }));
}
