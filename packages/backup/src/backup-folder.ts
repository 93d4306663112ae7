/**
 * The folder of a backup: what is in it, how files come into it, and how it becomes a backup.
 *
 *     <appendfilename>.<n>.base.rdb|aof, .<n>.incr.aof, .manifest     of a multi-part log: what an append folder holds
 *     <appendfilename>                                                of a single file
 *     <any of these but manifests>.crc64                              what vouches for its bytes, where the log has that
 *     temp-…                                                          while either is being made
 *
 * Invariants: it is a backup from the moment in which the manifest, or the single file, gets its name, which is the last thing that
 * happens: all it consists of is whole, verified and synced by then. Without that name it is unfinished, whatever it holds. Nothing
 * is overwritten, and no name is removed that is not one of these.
 *
 * Source: Redis 8.10, BACKUP; Redis persistence docs.
 */
import {
  type AofFile,
  AofNames,
  appendChecksums,
  checksummedNameOf,
  checksumNameOf,
  liveFiles,
  type Manifest,
  ManifestError,
  MultiPartLayout,
  readChecksums,
  readManifest,
  renameChecksums,
} from '@aof/aof-files';
import { type Disk, DiskError } from '@aof/disk';
import { BackupError } from './backup-error.ts';
import { copyBytes } from './copy-bytes.ts';

/** Where a log's backups go. All three are plain names in `dir`. */
export interface BackupLocation {
  readonly dir: string;
  readonly backupdirname: string;
  readonly appendfilename: string;
}

/** What a backup's folder holds; `files` are paths. `foreign`: also something that no backup puts there. */
export type BackupContent =
  | { readonly kind: 'empty' }
  | { readonly kind: 'sealed'; readonly files: readonly string[]; readonly sealedAtMs: number }
  | { readonly kind: 'unfinished'; readonly files: readonly string[] }
  | { readonly kind: 'foreign'; readonly name: string };

export interface BackupFolderOptions {
  readonly disk: Disk;
  readonly location: BackupLocation;
  /** Lets others run for a moment; rejects if the backup is not wanted any more. */
  readonly yieldTurn: () => Promise<void>;
}

/** File systems refuse a second name with these: none at all, not across their borders, not so many. */
const CANNOT_LINK: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export class BackupFolder {
  readonly #disk: Disk;
  readonly #names: AofNames;
  readonly #yieldTurn: () => Promise<void>;

  /** @throws LayoutError AOF_NAME_INVALID */
  constructor({ disk, location, yieldTurn }: BackupFolderOptions) {
    const { dir, backupdirname, appendfilename } = location;
    this.#disk = disk;
    this.#names = new AofNames({ dir, appendfilename, appenddirname: backupdirname });
    this.#yieldTurn = yieldTurn;
  }

  get path(): string {
    return this.#names.appendDir;
  }

  get manifestPath(): string {
    return this.#names.manifestPath;
  }

  /** Where the copy of a single file ends up. */
  get singlePath(): string {
    return this.#names.inAppendDir(this.#names.appendfilename);
  }

  pathOf(name: string): string {
    return this.#names.inAppendDir(name);
  }

  get #temporarySinglePath(): string {
    return this.#names.inAppendDir(`temp-${this.#names.appendfilename}`);
  }

  /** @throws DiskError */
  inspect(): BackupContent {
    if (this.#disk.status(this.path) === undefined) return { kind: 'empty' };
    const names = this.#disk.list(this.path);
    const foreign = names.find((name) => !this.#isOwn(name));
    if (foreign !== undefined) return { kind: 'foreign', name: foreign };
    if (names.length === 0) return { kind: 'empty' };
    return this.#sealed() ?? { kind: 'unfinished', files: names.map((name) => this.pathOf(name)) };
  }

  /** @throws BackupError BACKUP_NOT_EMPTY @throws DiskError */
  assertEmpty(): void {
    const content = this.inspect();
    if (content.kind === 'empty') return;
    const hint =
      content.kind === 'foreign'
        ? `${content.name} is no file of a backup: move it elsewhere, or choose another backupdirname.`
        : 'BACKUP CLEANUP removes what the last backup has left there; copy it elsewhere first if it is still needed.';
    throw new BackupError('BACKUP_NOT_EMPTY', `The backup directory is not empty: ${this.path}`, {
      path: this.path,
      hint,
    });
  }

  /** Makes the folder if it is not there. @throws BackupError BACKUP_NOT_EMPTY @throws DiskError */
  async prepare(): Promise<void> {
    this.assertEmpty();
    if (this.#disk.status(this.path) === undefined) this.#disk.makeDirectory(this.path);
    await this.#disk.syncDirectoryInBackground(this.#names.dir);
  }

  /** `paths`, each followed by that of its checksum file if there is one. */
  withChecksums(paths: readonly string[]): string[] {
    return paths.flatMap((path) => {
      const checksumPath = checksumNameOf(path);
      return this.#disk.status(checksumPath) === undefined ? [path] : [path, checksumPath];
    });
  }

  /**
   * Takes a file in that does not change any more, with its checksum file if it has one: by another name for it or, where the file
   * system has no such thing, by a copy. Its bytes must be durable. Its name is after `seal…`.
   * @throws BackupError BACKUP_NO_ROOM @throws DiskError
   */
  async pin({ name, path, size }: Pick<AofFile, 'name' | 'path' | 'size'>): Promise<void> {
    await this.#pinOne(path, this.pathOf(name), size);
    // Entries may still come behind those that are there, which vouch for bytes that are in the file by now.
    const sums = this.#disk.status(checksumNameOf(path));
    if (sums !== undefined) await this.#pinOne(checksumNameOf(path), checksumNameOf(this.pathOf(name)), sums.size);
  }

  async #pinOne(path: string, target: string, size: number): Promise<void> {
    try {
      this.#disk.link(path, target);
    } catch (error) {
      if (!(error instanceof DiskError) || !CANNOT_LINK.has(error.code)) throw error;
      await copyBytes(this.#disk, path, target, size, this.#yieldTurn);
    }
  }

  /** The files of a multi-part backup that has this manifest, for loading. @throws LayoutError one is not there */
  filesOf(manifest: Manifest): AofFile[] {
    return new MultiPartLayout(this.#disk, this.#names, manifest).filesToLoad();
  }

  /** The pinned files become a backup. @throws DiskError they are none */
  async sealMultiPart(manifest: Manifest): Promise<void> {
    await this.#disk.syncDirectoryInBackground(this.path);
    await new MultiPartLayout(this.#disk, this.#names, undefined).changeManifest(() => manifest);
  }

  /**
   * Copies the first `size` bytes of a file that goes on growing, or is replaced meanwhile: what is copied is what has this name now,
   * with what vouches for those bytes now.
   * @returns the copy, for loading
   * @throws BackupError BACKUP_NO_ROOM @throws DiskError
   */
  async copySingle(path: string, size: number): Promise<AofFile> {
    const target = this.#temporarySinglePath;
    const table = readChecksums(this.#disk, path, size);
    if (table !== undefined) appendChecksums(this.#disk, target, [...table.sumsUpTo(size)]);
    await copyBytes(this.#disk, path, target, size, this.#yieldTurn);
    return { name: this.#names.appendfilename, path: target, size, role: 'single' };
  }

  /** The copy becomes a backup. @throws DiskError it is none, or whether it is one is not known */
  async sealSingle(): Promise<void> {
    renameChecksums(this.#disk, this.#temporarySinglePath, this.singlePath);
    this.#disk.rename(this.#temporarySinglePath, this.singlePath);
    await this.#disk.syncDirectoryInBackground(this.path);
  }

  /** Removes what backups have left; what is not theirs stays. First goes what makes it a backup. @throws DiskError */
  async clear(): Promise<void> {
    if (this.#disk.status(this.path) === undefined) return;
    const names = this.#disk.list(this.path).filter((name) => this.#isOwn(name));
    const { manifestName } = this.#names;
    for (const name of [...names.filter((one) => one === manifestName), ...names.filter((one) => one !== manifestName)])
      await this.#disk.unlinkInBackground(this.pathOf(name));
    await this.#disk.syncDirectoryInBackground(this.path);
  }

  #sealed(): BackupContent | undefined {
    const { manifestPath } = this.#names;
    const single = this.#disk.status(this.singlePath);
    if (single !== undefined)
      return { kind: 'sealed', files: this.withChecksums([this.singlePath]), sealedAtMs: single.modifiedAtMs };
    const manifest = this.#disk.status(manifestPath);
    const listed = manifest === undefined ? undefined : this.#listed();
    if (manifest === undefined || listed === undefined) return undefined;
    const paths = liveFiles(listed).map(({ name }) => this.pathOf(name));
    if (paths.some((path) => this.#disk.status(path) === undefined)) return undefined;
    return { kind: 'sealed', files: [...this.withChecksums(paths), manifestPath], sealedAtMs: manifest.modifiedAtMs };
  }

  /** What the manifest lists; undefined if somebody has spoilt it. */
  #listed(): Manifest | undefined {
    try {
      return readManifest(this.#disk, this.#names);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return undefined;
    }
  }

  #isOwn(name: string): boolean {
    const { manifestName, appendfilename } = this.#names;
    const vouchedFor = checksummedNameOf(name);
    if (vouchedFor !== undefined) return this.#names.isLogName(vouchedFor) || vouchedFor === `temp-${appendfilename}`;
    return (
      this.#names.isLogName(name) || [manifestName, `temp-${manifestName}`, `temp-${appendfilename}`].includes(name)
    );
  }
}
