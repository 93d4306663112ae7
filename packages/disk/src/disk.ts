/**
 * The disk as the rest of the house sees it: few operations, so that each can be simulated faithfully.
 *
 * Writes are synchronous (they reach the page cache), syncs come in two forms: `dataSyncNow` blocks, `dataSync` runs in
 * the background so that an event loop never waits for a slow disk. Nothing is durable before a sync: not the bytes of a
 * file before `dataSync`/`sync` of that file, not a name (create, rename, unlink, mkdir) before `syncDirectory` of its folder.
 *
 * Every failure is a `DiskError`; a write may be short (it returns fewer bytes than asked), as write(2) may.
 */

/** How a file is opened. `append`: created if absent, writes go to the end. `truncate`: created or emptied. `read`: must exist. */
export type OpenMode = 'read' | 'append' | 'truncate';

/** What a name stands for. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Last change of the content, ms since the Unix epoch. */
  readonly modifiedAtMs: number;
  /** Number of names (hard links) of the file. */
  readonly linkCount: number;
  /** The same for all names of one file, and after a rename; once the file is gone, another one may get it. */
  readonly fileId: string;
}

/** An open file. Every method but `close` throws a `DiskError` with code `EBADF` after `close`. */
export interface DiskFile {
  readonly path: string;
  /** Bytes in the file as written so far, synced or not. */
  size(): number;
  /**
   * Appends (mode `append` or `truncate`) `length` bytes of `bytes` from `offset` on.
   * @returns how many bytes were written: may be fewer than asked, never 0 for a length above 0
   */
  write(bytes: Uint8Array, offset?: number, length?: number): number;
  /** Reads up to `length` bytes at `position` into `into` at `offset`; returns 0 at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
  /** The same in the background. `into` must not be touched until it resolves. */
  readAsync(into: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Cuts (or, with zero bytes, extends) the file to `size` bytes; later writes go on from there. */
  truncate(size: number): void;
  /** fdatasync in the background: resolves when every byte written before the call is durable. */
  dataSync(): Promise<void>;
  /** fdatasync, blocking. */
  dataSyncNow(): void;
  /** fsync, blocking: contents and metadata. */
  syncNow(): void;
  /** fsync in the background. */
  sync(): Promise<void>;
  close(): void;
}

/** A disk: a tree of names. Paths are absolute or relative to the process's folder, with `/`. */
export interface Disk {
  open(path: string, mode: OpenMode): DiskFile;
  /** Whole content; throws `ENOENT` if absent. For small files (a manifest, a configuration file). */
  readFile(path: string): Uint8Array;
  /** The status of what `path` names, or undefined if there is nothing. */
  status(path: string): FileStatus | undefined;
  /** Names in a folder, sorted; throws `ENOENT`. */
  list(path: string): string[];
  /** Atomically replaces `to`. Durable only after `syncDirectory`. */
  rename(from: string, to: string): void;
  /** Makes `to` another name of the file `from`; throws `EEXIST` or, where the file system cannot, `ENOTSUP`/`EPERM`/`EXDEV`. */
  link(from: string, to: string): void;
  /**
   * Makes `to` a file of its own with the bytes that `from` has now, which share their blocks on disk until one of the two changes: its
   * cost does not depend on its size. Durable after a sync of the file and its folder.
   * @throws DiskError `EEXIST`; `ENOTSUP` where the file system cannot (ext4, most networks), and then nothing is left of it
   */
  clone(from: string, to: string): void;
  unlink(path: string): void;
  /** The same in the background: freeing the blocks of a large file takes a while. */
  unlinkInBackground(path: string): Promise<void>;
  /** Makes one folder; `recursive` also its parents, and then an existing one is no error. */
  makeDirectory(path: string, options?: { recursive?: boolean }): void;
  removeDirectory(path: string): void;
  /** fsync of the folder, blocking: makes the names in it durable. */
  syncDirectory(path: string): void;
  /** The same in the background: covers the changes made before the call. */
  syncDirectoryInBackground(path: string): Promise<void>;
  /** Bytes free for the caller on the file system of `path`, or undefined where that is unknown. */
  freeBytes(path: string): number | undefined;
}

/** Error of a disk operation. `code` is the errno name (`ENOSPC`, `EIO`, …); `path` and `cause` as far as known. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;
  readonly path: string;
  readonly operation: string;

  constructor(code: string, operation: string, path: string, options?: { cause?: unknown; reason?: string }) {
    super(`${operation} ${path}: ${options?.reason ?? code}`, { cause: options?.cause });
    this.code = code;
    this.operation = operation;
    this.path = path;
  }

  /** The text of strerror(3) for this code, as Redis prints it (`No space left on device`). */
  get reason(): string {
    return ERRNO_TEXT[this.code] ?? this.code;
  }
}

const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EBADF: 'Bad file descriptor',
  EBUSY: 'Device or resource busy',
  EDQUOT: 'Disk quota exceeded',
  EEXIST: 'File exists',
  EFBIG: 'File too large',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  ENOTSUP: 'Operation not supported',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
  EXDEV: 'Invalid cross-device link',
};
