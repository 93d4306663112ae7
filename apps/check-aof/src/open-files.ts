/**
 * Which process has files of a folder open, or has claimed them. Looks into /proc, so on Linux only; what could not be looked at is
 * said.
 *
 * A file is recognised by its path and by its device and inode: a server in a container has it under another path. The claims of this
 * project's servers are seen whoever they belong to, also before a log is opened, and of a server in this process.
 */
import { type BigIntStats, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { CLAIMS_FILE, claimHash, claimingSocket, claimName, claimsIn } from '@aof/aof-files';

export interface FileHolder {
  /** Undefined: a server whose files are closed to us. */
  readonly processId: number | undefined;
  /** The program: `redis-server`. */
  readonly processName: string;
  readonly path: string;
  /** A server of this project has claimed the file, whether it is open or not. */
  readonly isClaimed?: boolean;
}

/**
 * The first process other than this one that has `path`, or a file of a log below it, open; or else a server, of this process too,
 * that has claimed it, or the log whose backup it is. Of a folder any claim counts, also on what is not there yet.
 * @param path absolute, without links
 */
export function holderOf(path: string): FileHolder | undefined {
  return openerOf(path) ?? claimantOf(path);
}

function openerOf(path: string): FileHolder | undefined {
  const below = path === '/' ? path : `${path}/`;
  const inodes = inodesOf(path);
  for (const id of processIds()) {
    for (const descriptor of listed(`/proc/${id}/fd`)) {
      const link = `/proc/${id}/fd/${descriptor}`;
      const open = orUndefined(() => readlinkSync(link));
      if (open === undefined || !open.startsWith('/')) continue;
      const isOurs = open === path || (open.startsWith(below) && LOG_FILE.test(open));
      if (isOurs || inodes.has(inodeOf(link) ?? '')) return { processId: id, processName: nameOf(id), path: open };
    }
  }
  return undefined;
}

/** Where a claim on the log at `path` would be: folders, and names of files in them. A folder may be `dir`, the log's, or a backup's. */
function claimable(path: string): (readonly [folder: string, name: string])[] {
  if (statusOf(path)?.isDirectory() !== true) {
    const folder = dirname(path);
    return [
      [folder, basename(path)],
      [dirname(folder), logNameOf(basename(path))],
    ];
  }
  return listed(path).flatMap((name) => [
    [path, name] as const,
    [dirname(path), logNameOf(name)] as const,
    ...listed(`${path}/${name}`).map((inner) => [path, logNameOf(inner)] as const),
  ]);
}

/** `appendfilename`, of the name of any file of the log. */
function logNameOf(name: string): string {
  return name.replace(/\.(manifest|\d+\.(base|incr)(\.repaired-\d+)?\.(aof|rdb))$/, '');
}

function claimantOf(path: string): FileHolder | undefined {
  const sockets = orUndefined(() => readFileSync(CLAIMS_FILE, 'latin1')) ?? '';
  if (!sockets.includes('@aof:')) return undefined;
  for (const [folder, name] of claimable(path)) {
    const status = statusOf(folder);
    const socket = status && claimingSocket(sockets, claimName(status, claimHash(name)));
    if (socket !== undefined) return claimant(socket, `${folder}/${name}`);
  }
  const status = statusOf(path);
  const [claim] = status?.isDirectory() ? claimsIn(sockets, status) : [];
  if (claim === undefined) return undefined;
  const name = USUAL_NAMES.find((usual) => claimHash(usual) === claim.hash);
  return claimant(claim.socket, name === undefined ? path : `${path}/${name}`);
}

/** A claim tells the name of its file only to whoever guesses it. */
const USUAL_NAMES = ['appendonly.aof', 'dump.rdb'];

function claimant(socket: string, path: string): FileHolder {
  const processId = [...processIds(), process.pid].find((id) => hasSocket(id, socket));
  const processName = processId === undefined ? 'aof-server' : nameOf(processId);
  return { processId, processName, path, isClaimed: true };
}

function hasSocket(id: number, inode: string): boolean {
  const folder = `/proc/${id}/fd`;
  return listed(folder).some((fd) => orUndefined(() => readlinkSync(`${folder}/${fd}`)) === `socket:[${inode}]`);
}

/** What `holderOf` could not see, as a sentence; undefined if it sees all. */
export function unseenHolders(): string | undefined {
  if (process.platform !== 'linux' || listed('/proc/self/fd').length === 0) {
    return 'On this system it is not checked whether a server has the log open: make sure that none has.';
  }
  const hidden = processIds().find((id) => SERVER.test(nameOf(id)) && isClosedToUs(`/proc/${id}/fd`));
  if (hidden === undefined) return undefined;
  return `Process ${hidden} (${nameOf(hidden)}) belongs to another user: whether it has the log open cannot be seen.`;
}

/** A text log beside it may well be open in some other program. */
const LOG_FILE = /\.(aof|rdb|manifest)( \(deleted\))?$/;

/** The script that `aof-server` starts. */
const OUR_SERVER = /\/(apps|@aof)\/server\/(src|dist)\/main\.[jt]s$/;
const SERVER = /^(redis|valkey|keydb|aof)-server/;

function processIds(): number[] {
  const ids = listed('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => id !== process.pid);
}

/** The program's name as it was called; of a script the script's. */
function nameOf(id: number): string {
  const words = orUndefined(() => readFileSync(`/proc/${id}/cmdline`, 'utf8'))?.split('\0') ?? [];
  const [program = '', script] = words.filter((word) => word !== '' && !word.startsWith('-'));
  // Servers write their port behind their name.
  const name = basename(program.split(' ')[0] ?? '');
  if (OUR_SERVER.test(script ?? '')) return 'aof-server';
  if (/^(node|python|ruby|perl|sh|bash)/.test(name) && script !== undefined)
    return basename(script).replace(/\.[jt]s$/, '');
  return name || (orUndefined(() => readFileSync(`/proc/${id}/comm`, 'utf8').trim()) ?? '?');
}

/** Of a file, or of a folder's log files and of those one level down. */
function inodesOf(path: string): ReadonlySet<string> {
  const inodes = new Set<string>();
  const add = (one: string, depth: number): void => {
    const status = statusOf(one);
    if (status?.isFile() && (one === path || LOG_FILE.test(one))) inodes.add(inodeText(status));
    if (status?.isDirectory() && depth > 0) for (const name of listed(one)) add(`${one}/${name}`, depth - 1);
  };
  add(path, 2);
  return inodes;
}

function inodeOf(path: string): string | undefined {
  const status = statusOf(path);
  return status?.isFile() ? inodeText(status) : undefined;
}

function inodeText({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function statusOf(path: string): BigIntStats | undefined {
  return orUndefined(() => statSync(path, { bigint: true }));
}

function isClosedToUs(path: string): boolean {
  try {
    readdirSync(path);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

function listed(path: string): string[] {
  return orUndefined(() => readdirSync(path)) ?? [];
}

/** Processes end, and those of others may not be looked at: both are no reason to stop. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
