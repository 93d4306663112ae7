/**
 * The real disk, on node:fs. The only file of the house that touches node:fs.
 *
 * Invariants: every failure leaves here as a `DiskError`; a file descriptor is closed only when no background operation
 * uses it any more, so that its number cannot be taken by another file while a sync still runs on it.
 */

import fs from 'node:fs';
import { type Disk, DiskError, type DiskFile, type FileStatus, type OpenMode } from './disk.ts';

/** One write call takes at most this many bytes; Linux itself stops at 2 GiB - 4 KiB, and a short write is allowed. */
const MAX_WRITE_BYTES = 1 << 30;

/** A call that a signal interrupted is repeated this often before it counts as an error; one repetition is the rule. */
const MAX_INTERRUPTED_RETRIES = 1000;

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: fs.constants.O_RDONLY,
  append: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_APPEND,
  // O_APPEND here too: after a cut, writes go on at the new end.
  truncate: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC | fs.constants.O_APPEND,
};

/** New files are -rw-r--r-- and new folders -rwxr-xr-x (less the umask), as Redis makes them. */
const FILE_PERMISSIONS = 0o644;
const DIRECTORY_PERMISSIONS = 0o755;

/** The file system of the machine. Holds no state; one instance may serve the whole process. */
export class NodeDisk implements Disk {
  open(path: string, mode: OpenMode): DiskFile {
    return run('open', path, () => {
      const descriptor = fs.openSync(path, OPEN_FLAGS[mode], FILE_PERMISSIONS);
      if (fs.fstatSync(descriptor).isDirectory()) {
        fs.closeSync(descriptor);
        throw new DiskError('EISDIR', 'open', path);
      }
      return new NodeDiskFile(path, descriptor, mode);
    });
  }

  readFile(path: string): Uint8Array {
    return run('read', path, () => fs.readFileSync(path));
  }

  status(path: string): FileStatus | undefined {
    const found = run('stat', path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (found === undefined) return undefined;
    return {
      kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other',
      size: found.size,
      modifiedAtMs: found.mtimeMs,
      linkCount: found.nlink,
      fileId: `${found.dev}:${found.ino}`,
    };
  }

  list(path: string): string[] {
    return run('list', path, () => fs.readdirSync(path).sort());
  }

  rename(from: string, to: string): void {
    run('rename', from, () => fs.renameSync(from, to));
  }

  link(from: string, to: string): void {
    run('link', from, () => fs.linkSync(from, to));
  }

  clone(from: string, to: string): void {
    const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = fs.constants;
    try {
      run('clone', from, () => fs.copyFileSync(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE));
    } catch (error) {
      if (!cannotClone(error)) throw error;
      throw new DiskError('ENOTSUP', 'clone', from, { cause: error });
    }
  }

  unlink(path: string): void {
    run('unlink', path, () => fs.unlinkSync(path));
  }

  async unlinkInBackground(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      fs.unlink(path, (error) => (error === null ? resolve() : reject(asDiskError(error, 'unlink', path))));
    });
  }

  makeDirectory(path: string, options?: { recursive?: boolean }): void {
    const recursive = options?.recursive ?? false;
    run('mkdir', path, () => fs.mkdirSync(path, { recursive, mode: DIRECTORY_PERMISSIONS }));
  }

  removeDirectory(path: string): void {
    run('rmdir', path, () => fs.rmdirSync(path));
  }

  syncDirectory(path: string): void {
    const descriptor = this.#openDirectory(path);
    try {
      run('sync', path, () => fs.fsyncSync(descriptor));
    } catch (error) {
      if (!cannotSyncDirectories(error)) throw error;
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async syncDirectoryInBackground(path: string): Promise<void> {
    const descriptor = this.#openDirectory(path);
    await new Promise<void>((resolve, reject) => {
      fs.fsync(descriptor, (error) => {
        fs.closeSync(descriptor);
        if (error === null || cannotSyncDirectories(error)) resolve();
        else reject(asDiskError(error, 'sync', path));
      });
    });
  }

  freeBytes(path: string): number | undefined {
    const found = run('statfs', path, () => fs.statfsSync(path));
    return found.bavail * found.bsize;
  }

  #openDirectory(path: string): number {
    return run('sync', path, () => fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY));
  }
}

class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #mode: OpenMode;
  #isClosed = false;
  /** Background operations that still use the descriptor. */
  #running = 0;

  constructor(path: string, descriptor: number, mode: OpenMode) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#mode = mode;
  }

  size(): number {
    return run('stat', this.path, () => fs.fstatSync(this.#usable('stat')).size);
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    const descriptor = this.#usable('write');
    if (this.#mode === 'read') throw new DiskError('EBADF', 'write', this.path);
    if (length === 0) return 0;
    const asked = Math.min(length, MAX_WRITE_BYTES);
    const written = run('write', this.path, () => fs.writeSync(descriptor, bytes, offset, asked));
    if (written === 0) throw new DiskError('EIO', 'write', this.path, { reason: 'wrote nothing' });
    return written;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return run('read', this.path, () => fs.readSync(this.#usable('read'), into, offset, length, position));
  }

  async readAsync(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#inBackground<number>('read', (descriptor, done) =>
          fs.read(descriptor, into, offset, length, position, done),
        );
      } catch (error) {
        if (!(error instanceof DiskError) || !isInterruption(error.code) || tries === MAX_INTERRUPTED_RETRIES)
          throw error;
      }
    }
  }

  truncate(size: number): void {
    run('truncate', this.path, () => fs.ftruncateSync(this.#writable('truncate'), size));
  }

  async dataSync(): Promise<void> {
    await this.#inBackground<void>('sync', (descriptor, done) => fs.fdatasync(descriptor, done));
  }

  dataSyncNow(): void {
    run('sync', this.path, () => fs.fdatasyncSync(this.#usable('sync')));
  }

  syncNow(): void {
    run('sync', this.path, () => fs.fsyncSync(this.#usable('sync')));
  }

  async sync(): Promise<void> {
    await this.#inBackground<void>('sync', (descriptor, done) => fs.fsync(descriptor, done));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#running === 0) run('close', this.path, () => this.#closeDescriptor());
  }

  /**
   * The last close of a file without a name frees its blocks, which takes a tenth of a second for a large one: in the
   * background, as nobody can reach any more what was in it.
   */
  #closeDescriptor(): void {
    if (fs.fstatSync(this.#descriptor).nlink > 0) fs.closeSync(this.#descriptor);
    else fs.close(this.#descriptor, () => undefined);
  }

  #usable(operation: string): number {
    if (this.#isClosed) throw new DiskError('EBADF', operation, this.path);
    return this.#descriptor;
  }

  #writable(operation: string): number {
    if (this.#mode === 'read') throw new DiskError('EBADF', operation, this.path);
    return this.#usable(operation);
  }

  #inBackground<T>(
    operation: string,
    start: (descriptor: number, done: (error: Error | null, result?: T) => void) => void,
  ): Promise<T> {
    const descriptor = this.#usable(operation);
    this.#running++;
    return new Promise<T>((resolve, reject) => {
      start(descriptor, (error, result) => {
        this.#running--;
        if (error) reject(asDiskError(error, operation, this.path));
        // node:fs gives a result whenever there is no error; `T` is void where it has none to give.
        else resolve(result as T);
        this.#closeIfLast(reject);
      });
    });
  }

  /** `close` was called while a background operation ran: the last one to end closes the descriptor. */
  #closeIfLast(reject: (error: unknown) => void): void {
    if (!this.#isClosed || this.#running > 0) return;
    try {
      this.#closeDescriptor();
    } catch (error) {
      reject(asDiskError(error, 'close', this.path));
    }
  }
}

/** Runs a node:fs call, repeats it if a signal interrupted it, and turns what it throws into a `DiskError`. */
function run<T>(operation: string, path: string, call: () => T): T {
  for (let tries = 0; ; tries++) {
    try {
      return call();
    } catch (error) {
      if (isInterruption(errnoOf(error)) && tries < MAX_INTERRUPTED_RETRIES) continue;
      throw asDiskError(error, operation, path);
    }
  }
}

function isInterruption(code: string | undefined): boolean {
  return code === 'EINTR' || code === 'EAGAIN';
}

/** Some file systems cannot sync a folder and say so with these two; there is nothing better to do on them. */
function cannotSyncDirectories(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'EINVAL' || code === 'EBADF';
}

/** How systems say that two files cannot share blocks. */
function cannotClone(error: unknown): boolean {
  const code = errnoOf(error);
  return code !== undefined && ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EXDEV', 'EINVAL'].includes(code);
}

function errnoOf(error: unknown): string | undefined {
  if (error instanceof DiskError) return error.code;
  if (error instanceof Error && 'code' in error && 'errno' in error && typeof error.code === 'string')
    return error.code;
  return undefined;
}

/** An error without an errno (a wrong argument type, say) is a bug of the caller and passes through unchanged. */
function asDiskError(error: unknown, operation: string, path: string): unknown {
  if (error instanceof DiskError) return error;
  const code = errnoOf(error);
  return code === undefined ? error : new DiskError(code, operation, path, { cause: error });
}
