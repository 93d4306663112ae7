/**
 * A disk in memory that crashes, loses writes and fills up on command, the same way for the same seed.
 *
 * Volatile and durable state are apart: the content of a file is durable after a sync of it, a name after a sync of its
 * folder, and `afterCrash` gives a disk that holds what a power cut at this moment may leave. Every operation that
 * changes something has a number (`operations` is the last one), so that a test can crash at each in turn.
 *
 * Invariant: nothing here depends on a clock or on chance other than the seeds.
 */

import { type Disk, DiskError, type DiskFile, type FileStatus, type OpenMode } from './disk.ts';
import { type Random, seededRandom } from './random.ts';
import { type Fault, FaultRules } from './sim-faults.ts';
import { type CrashMode, SimFileNode } from './sim-file.ts';
import { type NameEdit, NameLog, SimDirectory, type SimNode } from './sim-names.ts';
import { SimDiskFile, type SimDiskInner } from './sim-open-file.ts';

/** Whether the operation at which the disk crashes still takes effect; `half` is for writes and syncs. */
export type CrashMoment = 'before' | 'half' | 'after';

/** Thrown by the operation at which the disk was told to crash and by all later ones. Only a test may catch it. */
export class SimCrash extends Error {
  override readonly name = 'SimCrash';
  /** Number of the operation. */
  readonly operation: number;

  constructor(operation: number, label: string) {
    super(`the simulated machine crashed at operation ${operation}: ${label}`);
    this.operation = operation;
  }
}

/** A background sync of a file or a folder that waits for `completeSync` or `failSync`. */
export interface PendingSync {
  readonly path: string;
  /** Bytes that the file had when the sync was asked for; 0 for a folder. */
  readonly size: number;
}

interface HeldSync extends PendingSync {
  settle(): void;
  fail(code: string): void;
}

export class SimDisk implements Disk {
  /** What `modifiedAtMs` of changed files is set to; a test moves it by hand. */
  nowMs = 0;
  /** Bytes that fit onto the disk from now on. Writes use them up, truncate and unlink give them back. */
  freeSpaceBytes: number = Number.POSITIVE_INFINITY;
  /** Background syncs wait in `pendingSyncs` until the test ends them, instead of being done at once. */
  holdSyncs = false;
  /** Whether files can share blocks. A clone takes its space at once here. */
  canClone = true;

  readonly #random: Random;
  readonly #root = new SimDirectory();
  readonly #names = new NameLog();
  readonly #faults = new FaultRules();
  readonly #trace: string[] = [];
  readonly #fileIds = new WeakMap<SimNode, string>();
  #nextFileId = 1;
  #held: HeldSync[] = [];
  #crashNumber = Number.POSITIVE_INFINITY;
  #crashMoment: CrashMoment = 'before';
  #crash: SimCrash | undefined;
  readonly #inner: SimDiskInner;

  /** @param options.seed decides what a failed sync leaves behind; printed by tests, so that a failure can be replayed */
  constructor(options: { seed?: number } = {}) {
    this.#random = seededRandom(options.seed ?? 0);
    this.#inner = {
      perform: (label, act, half) => this.#perform(label, act, half),
      assertAlive: () => this.#assertAlive(),
      faults: this.#faults,
      random: this.#random,
      nowMs: () => this.nowMs,
      takeSpace: (bytes) => this.#takeSpace(bytes),
      holdSync: (sync) => {
        if (this.holdSyncs) this.#held.push(sync);
        return this.holdSyncs;
      },
    };
  }

  // --- what tests control ---

  /** How many operations that change something were begun. */
  get operations(): number {
    return this.#trace.length;
  }

  /** What each of them was; the operation with number n is at index n - 1. */
  get trace(): readonly string[] {
    return this.#trace;
  }

  get isCrashed(): boolean {
    return this.#crash !== undefined;
  }

  /** Makes operation `number` (counted from 1 over the life of this disk) throw a `SimCrash`. */
  crashAt(number: number, moment: CrashMoment = 'before'): void {
    this.#crashNumber = number;
    this.#crashMoment = moment;
  }

  /** Adds a rule by which operations fail. @returns removes the rule */
  inject(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  /** Background syncs that were held (`holdSyncs`) and not ended yet, oldest first. */
  get pendingSyncs(): readonly PendingSync[] {
    return this.#held;
  }

  /** Ends a held sync well: what was written before it began becomes durable. */
  completeSync(index = 0): void {
    this.#takeHeld(index).settle();
  }

  /** Ends a held sync with an error; what was written before it began may or may not be on the platter, for good. */
  failSync(index = 0, code = 'EIO'): void {
    this.#takeHeld(index).fail(code);
  }

  /** Makes everything durable, as the state from which a test starts. Not an operation. */
  settleAll(): void {
    this.#assertAlive();
    for (const directory of directoriesBelow(this.#root)) {
      this.#names.settle(directory, this.#names.syncMark());
      for (const node of directory.entries.values()) if (node.kind === 'file') node.settle(node.syncMark());
    }
  }

  /**
   * The disk as a restart finds it. May be called more than once, and also on a disk that has not crashed ("now").
   *
   * @param mode `power-cut`: what is synced, and a choice by `seed` of what is not; `kill`: the process died, the page cache
   *        lives on; `only-synced`: the worst power cut, nothing that was not synced
   */
  afterCrash(seed: number, mode: CrashMode = 'power-cut'): SimDisk {
    const random = seededRandom(seed);
    const namesOf = this.#names.afterCrash(mode, random);
    const next = new SimDisk({ seed });
    next.nowMs = this.nowMs;
    next.freeSpaceBytes = this.freeSpaceBytes;
    const files = new Map<SimFileNode, SimFileNode>();
    const copyInto = (target: SimDirectory, source: SimDirectory): void => {
      target.modifiedAtMs = source.modifiedAtMs;
      for (const [name, node] of [...namesOf(source)].sort(byName)) {
        const copy = node.kind === 'file' ? copyFile(node, files, mode, random) : new SimDirectory();
        target.entries.set(name, copy);
        target.durable.set(name, copy);
        if (node.kind === 'directory' && copy.kind === 'directory') copyInto(copy, node);
      }
    };
    copyInto(next.#root, this.#root);
    return next;
  }

  /** Every file with its content, by absolute path; for comparing disks. */
  contents(): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const walk = (directory: SimDirectory, prefix: string): void => {
      for (const [name, node] of [...directory.entries].sort(byName)) {
        if (node.kind === 'file') found.set(prefix + name, node.content().slice());
        else walk(node, `${prefix}${name}/`);
      }
    };
    walk(this.#root, '/');
    return found;
  }

  // --- Disk ---

  open(path: string, mode: OpenMode): DiskFile {
    this.#assertAlive();
    const { parent, name, node } = this.#resolve('open', path);
    const isChange = mode === 'truncate' || (mode === 'append' && node === undefined);
    const act = (): DiskFile => {
      this.#faults.check('open', path);
      if (node?.kind === 'directory') throw new DiskError('EISDIR', 'open', path);
      if (node === undefined && mode === 'read') throw new DiskError('ENOENT', 'open', path);
      const file = node ?? this.#createFile(parent, name);
      if (mode === 'truncate' && file.length > 0) {
        this.freeSpaceBytes += file.length;
        file.resize(0);
      }
      return new SimDiskFile(path, file, mode, this.#inner);
    };
    return isChange ? this.#perform(`open ${path} ${mode}`, act) : act();
  }

  readFile(path: string): Uint8Array {
    this.#assertAlive();
    this.#faults.check('read', path);
    const node = this.#existing('read', path);
    if (node.kind === 'directory') throw new DiskError('EISDIR', 'read', path);
    return node.content().slice();
  }

  status(path: string): FileStatus | undefined {
    this.#assertAlive();
    const node = this.#find(path);
    if (node === undefined) return undefined;
    const isFile = node.kind === 'file';
    const size = isFile ? node.length : 0;
    return {
      kind: node.kind,
      size,
      modifiedAtMs: node.modifiedAtMs,
      linkCount: isFile ? node.linkCount : 2,
      fileId: this.#fileIdOf(node),
    };
  }

  #fileIdOf(node: SimNode): string {
    const id = this.#fileIds.get(node) ?? `sim:${this.#nextFileId++}`;
    this.#fileIds.set(node, id);
    return id;
  }

  list(path: string): string[] {
    this.#assertAlive();
    return [...this.#directory('list', path).entries.keys()].sort();
  }

  rename(from: string, to: string): void {
    this.#perform(`rename ${from} ${to}`, () => {
      this.#faults.check('rename', from, to);
      const source = this.#resolve('rename', from);
      const target = this.#resolve('rename', to);
      if (source.node === undefined) throw new DiskError('ENOENT', 'rename', from);
      if (source.node === target.node) return;
      if (`/${partsOf(to).join('/')}`.startsWith(`/${partsOf(from).join('/')}/`)) {
        throw new DiskError('EINVAL', 'rename', from);
      }
      this.#assertReplaceable(source.node, target.node, to);
      if (target.node?.kind === 'file') this.#dropLink(target.node);
      this.#change([
        { directory: source.parent, name: source.name, node: undefined },
        { directory: target.parent, name: target.name, node: source.node },
      ]);
    });
  }

  link(from: string, to: string): void {
    this.#perform(`link ${from} ${to}`, () => {
      this.#faults.check('link', from, to);
      const node = this.#existing('link', from);
      const target = this.#resolve('link', to);
      if (node.kind === 'directory') throw new DiskError('EPERM', 'link', from);
      if (target.node !== undefined) throw new DiskError('EEXIST', 'link', to);
      node.linkCount++;
      this.#change([{ directory: target.parent, name: target.name, node }]);
    });
  }

  clone(from: string, to: string): void {
    const copy = (share: number): void => {
      this.#faults.check('clone', from, to);
      const source = this.#existing('clone', from);
      const { parent, name, node } = this.#resolve('clone', to);
      if (source.kind === 'directory') throw new DiskError('EISDIR', 'clone', from);
      if (node !== undefined) throw new DiskError('EEXIST', 'clone', to);
      if (!this.canClone) throw new DiskError('ENOTSUP', 'clone', from);
      if (source.length > this.freeSpaceBytes) throw new DiskError('ENOSPC', 'clone', to);
      const bytes = source.content().subarray(0, Math.floor(source.length * share));
      this.freeSpaceBytes -= bytes.length;
      this.#createFile(parent, name).append(bytes);
    };
    const whole = () => copy(1);
    this.#perform(`clone ${from} ${to}`, whole, () => copy(0.5));
  }

  unlink(path: string): void {
    this.#perform(`unlink ${path}`, () => {
      this.#faults.check('unlink', path);
      const { parent, name, node } = this.#resolve('unlink', path);
      if (node === undefined) throw new DiskError('ENOENT', 'unlink', path);
      if (node.kind === 'directory') throw new DiskError('EISDIR', 'unlink', path);
      this.#dropLink(node);
      this.#change([{ directory: parent, name, node: undefined }]);
    });
  }

  async unlinkInBackground(path: string): Promise<void> {
    this.unlink(path);
  }

  makeDirectory(path: string, options?: { recursive?: boolean }): void {
    this.#assertAlive();
    if (options?.recursive) {
      const parts = partsOf(path);
      for (let depth = 1; depth <= parts.length; depth++) {
        const ancestor = `/${parts.slice(0, depth).join('/')}`;
        const kind = this.#find(ancestor)?.kind;
        if (kind === 'file') throw new DiskError(depth === parts.length ? 'EEXIST' : 'ENOTDIR', 'mkdir', path);
        if (kind === undefined) this.makeDirectory(ancestor);
      }
      return;
    }
    this.#perform(`mkdir ${path}`, () => {
      this.#faults.check('mkdir', path);
      const { parent, name, node } = this.#resolve('mkdir', path);
      if (node !== undefined) throw new DiskError('EEXIST', 'mkdir', path);
      this.#change([{ directory: parent, name, node: new SimDirectory() }]);
    });
  }

  removeDirectory(path: string): void {
    this.#perform(`rmdir ${path}`, () => {
      this.#faults.check('rmdir', path);
      const { parent, name, node } = this.#resolve('rmdir', path);
      if (node === undefined) throw new DiskError('ENOENT', 'rmdir', path);
      if (node.kind === 'file') throw new DiskError('ENOTDIR', 'rmdir', path);
      if (node.entries.size > 0) throw new DiskError('ENOTEMPTY', 'rmdir', path);
      this.#change([{ directory: parent, name, node: undefined }]);
    });
  }

  syncDirectory(path: string): void {
    this.#perform(`sync-directory ${path}`, () => {
      this.#faults.check('sync-directory', path);
      this.#names.settle(this.#directory('sync', path), this.#names.syncMark());
    });
  }

  async syncDirectoryInBackground(path: string): Promise<void> {
    await this.#perform(`background-sync-directory ${path}`, () => {
      this.#faults.check('sync-directory', path);
      const directory = this.#directory('sync', path);
      const mark = this.#names.syncMark();
      return new Promise<void>((resolve, reject) => {
        const settle = (): void => {
          this.#names.settle(directory, mark);
          resolve();
        };
        const fail = (code: string): void => reject(new DiskError(code, 'sync', path));
        if (this.holdSyncs) this.#held.push({ path, size: 0, settle, fail });
        else settle();
      });
    });
  }

  freeBytes(_path: string): number | undefined {
    this.#assertAlive();
    return Number.isFinite(this.freeSpaceBytes) ? this.freeSpaceBytes : undefined;
  }

  // --- inside ---

  #assertAlive(): void {
    if (this.#crash !== undefined) throw this.#crash;
  }

  #perform<T>(label: string, act: () => T, half?: () => void): T {
    this.#assertAlive();
    this.#trace.push(label);
    if (this.operations !== this.#crashNumber) return act();
    if (this.#crashMoment === 'after') attempt(act);
    if (this.#crashMoment === 'half' && half !== undefined) attempt(half);
    this.#crash = new SimCrash(this.operations, label);
    throw this.#crash;
  }

  #takeHeld(index: number): HeldSync {
    this.#assertAlive();
    const [sync] = this.#held.splice(index, 1);
    if (sync === undefined) throw new RangeError(`no pending sync ${index}`);
    return sync;
  }

  /** @returns how many of the bytes fit */
  #takeSpace(bytes: number): number {
    const taken = Math.min(bytes, this.freeSpaceBytes);
    this.freeSpaceBytes -= taken;
    return taken;
  }

  #change(edits: readonly NameEdit[]): void {
    this.#names.change(edits);
    for (const edit of edits) edit.directory.modifiedAtMs = this.nowMs;
  }

  #createFile(directory: SimDirectory, name: string): SimFileNode {
    const file = new SimFileNode();
    file.linkCount = 1;
    file.modifiedAtMs = this.nowMs;
    this.#change([{ directory, name, node: file }]);
    return file;
  }

  #dropLink(file: SimFileNode): void {
    file.linkCount--;
    if (file.linkCount === 0) this.freeSpaceBytes += file.length;
  }

  #assertReplaceable(source: SimNode, target: SimNode | undefined, path: string): void {
    if (target === undefined || (source.kind === 'file' && target.kind === 'file')) return;
    if (target.kind === 'file') throw new DiskError('ENOTDIR', 'rename', path);
    if (source.kind === 'file') throw new DiskError('EISDIR', 'rename', path);
    if (target.entries.size > 0) throw new DiskError('ENOTEMPTY', 'rename', path);
  }

  #find(path: string): SimNode | undefined {
    let node: SimNode | undefined = this.#root;
    for (const part of partsOf(path)) node = node?.kind === 'directory' ? node.entries.get(part) : undefined;
    return node;
  }

  #existing(operation: string, path: string): SimNode {
    const node = this.#find(path);
    if (node !== undefined) return node;
    this.#resolve(operation, path);
    throw new DiskError('ENOENT', operation, path);
  }

  #directory(operation: string, path: string): SimDirectory {
    const node = this.#existing(operation, path);
    if (node.kind === 'file') throw new DiskError('ENOTDIR', operation, path);
    return node;
  }

  /** The folder and the name of a path, whether the name exists or not. @throws DiskError ENOENT or ENOTDIR for the folder */
  #resolve(operation: string, path: string): { parent: SimDirectory; name: string; node: SimNode | undefined } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw new DiskError(operation === 'open' ? 'EISDIR' : 'EBUSY', operation, path);
    let parent = this.#root;
    for (const part of parts) {
      const node = parent.entries.get(part);
      if (node?.kind !== 'directory') throw new DiskError(node === undefined ? 'ENOENT' : 'ENOTDIR', operation, path);
      parent = node;
    }
    return { parent, name, node: parent.entries.get(name) };
  }
}

/** The names along a path; the folder of the simulated process is the root. */
function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

function* directoriesBelow(directory: SimDirectory): Generator<SimDirectory> {
  yield directory;
  for (const node of directory.entries.values()) if (node.kind === 'directory') yield* directoriesBelow(node);
}

function copyFile(
  file: SimFileNode,
  copies: Map<SimFileNode, SimFileNode>,
  mode: CrashMode,
  random: Random,
): SimFileNode {
  const copy = copies.get(file) ?? new SimFileNode();
  if (!copies.has(file)) {
    copies.set(file, copy);
    copy.modifiedAtMs = file.modifiedAtMs;
    copy.append(file.afterCrash(mode, random));
    copy.settle(copy.syncMark());
  }
  copy.linkCount++;
  return copy;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/** Runs the operation at which the disk crashes. Nobody sees whether it would have failed, so its `DiskError` ends here. */
function attempt(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}
