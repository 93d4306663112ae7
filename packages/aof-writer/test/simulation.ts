/**
 * One simulated life of a log, from a seed: records, ticks, slow syncs, faults, rewrites, and a crash at a chosen
 * operation of the disk; then what a restart finds is compared with what was appended and promised.
 *
 * Oracle
 * - Whole bytes: after the death of the process alone, the files hold a prefix of what was appended.
 * - Everything up to `syncedBytes` is found after any power cut; so is everything that a reply under `always` confirmed.
 * - With checksum files: what they vouch for is found after any crash, as it was written.
 * - Under `everysec`, with a disk that works and syncs that end, nothing older than the window is lost.
 */
import { ChecksumVerifier, readChecksums, VouchedFile } from '@aof/aof-files';
import { type CrashMode, type CrashMoment, type DiskFile, SimCrash, SimDisk } from '@aof/disk';
import { encodeCommand } from '@aof/resp-codec';
import { AofWriter, type AofWriterEvents, type AofWriterSettings, type FsyncPolicy } from '../src/index.ts';

export interface LifeOptions {
  readonly seed: number;
  readonly settings: Partial<AofWriterSettings>;
  readonly steps: number;
  /** Whether the disk also fails and fills up, and the policy changes. */
  readonly hasFaults: boolean;
  /** Whether files change and rewrites replace them. */
  readonly hasRewrites: boolean;
  readonly crash?: { readonly operation: number; readonly moment: CrashMoment };
  /** Canaries: something between the writer and its files. */
  readonly wrap?: (file: DiskFile) => DiskFile;
  /** Whether the files are vouched for. */
  readonly hasChecksums?: boolean;
  /** Canary: whoever sums the bytes is not told that some were cut off. */
  readonly hidesCuts?: boolean;
  /** Canary: replies do not wait. */
  readonly repliesAtOnce?: boolean;
}

export interface LifeResult {
  /** What the disk was asked to do. */
  readonly trace: readonly string[];
  readonly violations: readonly string[];
  /** What happened how often, so that a test can see that it tested something. */
  readonly counts: ReadonlyMap<string, number>;
}

const TICK_MS = 100;
const LONGEST_SYNC_MS = 400;
/**
 * What `everysec` may lose: a record waits for a tick, perhaps for a running sync and the tick after it, then for the
 * end of the second and a tick, then for its own sync and the tick that notices its end.
 */
const WINDOW_MS = 1000 + 2 * LONGEST_SYNC_MS + 4 * TICK_MS;

interface Part {
  readonly path: string;
  /** Offset in the log at which the file begins. */
  readonly start: number;
  /** Bytes of the file that are not the log's: a base. */
  readonly skip: number;
  text: string;
}

interface Succession {
  readonly part: Part;
  /** A crash may leave the successor or what it succeeds. */
  isNamed: boolean;
  hasEndedFirstSync: boolean;
}

interface Batch {
  readonly until: number;
  readonly end: number;
  readonly isPromise: boolean;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export async function live(options: LifeOptions): Promise<LifeResult> {
  const life = new Life(options);
  await life.run();
  return { trace: life.disk.trace, violations: life.violations, counts: life.counts };
}

class Life {
  readonly disk: SimDisk;
  readonly violations: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #options: LifeOptions;
  readonly #random: () => number;
  readonly #writer: AofWriter;
  readonly #parts: Part[] = [];
  #files = 0;
  #database = -1;
  #replacedUpTo = 0;
  #nowMs = 0;
  #stopwatchMs = 0;
  #held: Batch[] = [];
  #confirmed = 0;
  /** What was called synced. */
  #syncedBytes = 0;
  #appends: { atMs: number; end: number }[] = [];
  #syncDueMs: number[] = [];
  #succession: Succession | undefined;
  #rewriteSegment: { number: number; start: number } | undefined;
  #hasEnded = false;
  /** A failed sync may cost what only the page cache held, even if the machine goes on. */
  #mayHaveLostPages = false;
  readonly #requestBuffer = Buffer.alloc(4096);
  #requestEnd = 0;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#random = generator(options.seed);
    this.disk = new SimDisk({ seed: options.seed });
    const file = this.#open(this.#nextPath(), 0);
    this.disk.syncDirectory('/');
    this.disk.holdSyncs = true;
    if (options.crash) this.disk.crashAt(options.crash.operation, options.crash.moment);
    this.#writer = new AofWriter({
      file,
      fileSize: 0,
      settings: options.settings,
      events: this.#events(),
      startedAtMs: 0,
      stopwatchMs: () => {
        this.#stopwatchMs += this.#random() * 1.2;
        return this.#stopwatchMs;
      },
    });
  }

  async run(): Promise<void> {
    try {
      for (let step = 0; step < this.#options.steps && !this.#hasEnded && !this.disk.isCrashed; step++) {
        this.#step();
        this.#endDueSyncs();
        // What waits for the end of a sync runs now.
        await new Promise((resolve) => setImmediate(resolve));
        this.#assertOrder();
      }
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error;
    }
    this.#check();
  }

  // --- what happens ---

  #step(): void {
    const roll = this.#random();
    if (roll < 0.42) this.#append(1 + this.#below(3));
    else if (roll < 0.82) this.#tick(this.#below(TICK_MS + 1));
    else if (roll < 0.9 && this.#options.hasRewrites) this.#rewrite();
    else if (roll >= 0.9 && this.#options.hasFaults) this.#fault();
  }

  #rewrite(): void {
    const roll = this.#random();
    if (this.#succession !== undefined) this.#carryOnSuccession();
    else if (roll < 0.5) this.#rotate();
    else if (roll < 0.85) this.#finishRewrite();
    else this.#carryOnSuccession();
  }

  #append(count: number): void {
    for (let i = 0; i < count; i++) {
      const database = this.#random() < 0.8 ? 0 : 1;
      const record = ['SET', `k${this.#below(100)}`, 'x'.repeat(this.#random() < 0.1 ? 1500 : this.#below(40))];
      const bytes = encodeCommand(record);
      if (database !== this.#database) this.#expect(latin1(encodeCommand(['SELECT', String(database)])));
      this.#database = database;
      this.#expect(latin1(bytes));
      if (this.#random() < 0.7) this.#appendRaw(database, bytes);
      else this.#writer.appendRecord(database, record);
      this.#appends.push({ atMs: this.#nowMs, end: this.#writer.appendedBytes });
    }
    this.#count('append');
  }

  #appendRaw(database: number, bytes: Uint8Array): void {
    if (this.#requestEnd + bytes.length > this.#requestBuffer.length) {
      this.#writer.settle();
      this.#requestBuffer.fill(0);
      this.#requestEnd = 0;
    }
    this.#requestBuffer.set(bytes, this.#requestEnd);
    const start = this.#requestEnd;
    this.#requestEnd += bytes.length;
    this.#writer.appendRaw(database, this.#requestBuffer, start, this.#requestEnd);
  }

  #tick(elapsedMs: number): void {
    this.#nowMs += elapsedMs;
    const result = this.#writer.flush(this.#nowMs);
    this.#count(result);
    if (this.#hasEnded) return;
    const isPromise = this.#writer.settings.policy === 'always';
    this.#held.push({ until: this.#writer.holdRepliesUntil, end: this.#writer.appendedBytes, isPromise });
    this.#release(this.#writer.syncedBytes);
  }

  #release(syncedBytes: number): void {
    if (this.disk.isCrashed) return;
    this.#syncedBytes = syncedBytes;
    while (this.#held[0] !== undefined && (this.#options.repliesAtOnce || this.#held[0].until <= syncedBytes)) {
      const batch = this.#held.shift();
      if (batch?.isPromise) this.#confirmed = Math.max(this.#confirmed, batch.end);
      this.#count(batch?.isPromise ? 'confirmed' : 'replied');
    }
  }

  #rotate(): void {
    const path = this.#nextPath();
    const file = this.disk.open(path, 'append');
    this.disk.syncDirectory('/');
    try {
      const start = this.#writer.appendedBytes;
      const { segment } = this.#writer.rotate(this.#wrap(file), 0, this.#nowMs);
      this.#parts.push({ path, start, skip: 0, text: '' });
      this.#database = -1;
      this.#rewriteSegment = { number: segment, start };
      this.#count('rotate');
    } catch (error) {
      if (error instanceof SimCrash || !(error instanceof Error) || !('code' in error)) throw error;
      this.#hasEnded ||= this.#writer.holdRepliesUntil === Number.POSITIVE_INFINITY;
    }
  }

  #finishRewrite(): void {
    if (this.#rewriteSegment === undefined) return;
    this.#replacedUpTo = this.#rewriteSegment.start;
    this.#writer.markReplaced(this.#rewriteSegment.number);
    this.#rewriteSegment = undefined;
    this.#count('rewrite');
  }

  /** A rewrite of the single-file layout: a successor with everything in it comes, takes the name, and is the log alone. */
  #carryOnSuccession(): void {
    const succession = this.#succession;
    if (succession === undefined) return this.#addSuccessor();
    if (this.#writer.successorFailure !== undefined || (!succession.isNamed && this.#random() < 0.2)) {
      this.#succession = undefined;
      this.#writer.dropSuccessor();
      this.#count('drop');
    } else if (!succession.isNamed && succession.hasEndedFirstSync) {
      succession.isNamed = true;
      this.#writer.nameSuccessor();
      this.#count('name');
    } else if (succession.isNamed) {
      this.#succession = undefined;
      this.#replacedUpTo = succession.part.start;
      this.#parts.splice(0, this.#parts.length, succession.part);
      this.#rewriteSegment = undefined;
      this.#writer.succeed();
      this.#count('succeed');
    }
  }

  #addSuccessor(): void {
    const path = this.#nextPath();
    const file = this.disk.open(path, 'append');
    try {
      if (file.write(Buffer.from('base')) < 4) return;
    } catch (error) {
      if (error instanceof SimCrash) throw error;
      return;
    }
    this.disk.syncDirectory('/');
    const part: Part = { path, start: this.#writer.appendedBytes, skip: 4, text: '' };
    const succession: Succession = { part, isNamed: false, hasEndedFirstSync: false };
    this.#succession = succession;
    void this.#writer.addSuccessor(this.#wrap(file), 4).then(() => {
      succession.hasEndedFirstSync = true;
    });
  }

  #fault(): void {
    this.#count('fault');
    const times = 1 + this.#below(2);
    switch (this.#below(6)) {
      case 0:
        this.disk.inject({ operation: 'write', maxBytes: 1 + this.#below(60) });
        break;
      case 1:
        this.disk.inject({ operation: 'write', maxBytes: 1 + this.#below(60) });
        this.disk.inject({ operation: 'write', code: 'EIO', times });
        break;
      case 2:
        this.disk.inject({ operation: 'truncate', times });
        break;
      case 3:
        this.#mayHaveLostPages = true;
        this.disk.inject({ operation: 'sync', times });
        break;
      case 4:
        this.disk.freeSpaceBytes = Number.isFinite(this.disk.freeSpaceBytes)
          ? Number.POSITIVE_INFINITY
          : this.#below(200);
        break;
      default:
        this.#changePolicy();
    }
  }

  #changePolicy(): void {
    const policies: readonly FsyncPolicy[] = ['always', 'everysec', 'no'];
    const policy = policies[this.#below(3)] ?? 'no';
    try {
      this.#writer.configure({ policy });
    } catch (error) {
      if (error instanceof SimCrash || this.#writer.lastWriteStatus === 'ok') throw error;
    }
  }

  #endDueSyncs(): void {
    while (this.#syncDueMs.length < this.disk.pendingSyncs.length) {
      this.#syncDueMs.push(this.#nowMs + this.#below(LONGEST_SYNC_MS));
    }
    for (let i = this.disk.pendingSyncs.length - 1; i >= 0; i--) {
      if ((this.#syncDueMs[i] ?? 0) > this.#nowMs) continue;
      this.#syncDueMs.splice(i, 1);
      this.#count('sync');
      if (this.#options.hasFaults && this.#random() < 0.05) {
        this.#mayHaveLostPages = true;
        this.disk.failSync(i);
      } else {
        this.disk.completeSync(i);
      }
    }
  }

  // --- what must be so ---

  #assertOrder(): void {
    const { syncedBytes, writtenBytes, appendedBytes } = this.#writer;
    if (syncedBytes > writtenBytes || writtenBytes > appendedBytes) {
      this.violations.push(`synced ${syncedBytes} written ${writtenBytes} appended ${appendedBytes}`);
    }
  }

  #check(): void {
    const modes: readonly CrashMode[] = ['kill', 'only-synced', 'power-cut', 'power-cut', 'power-cut'];
    modes.forEach((mode, i) => {
      const crashed = this.disk.afterCrash(this.#options.seed + i, mode);
      this.#checkCrashed(mode, crashed, this.#recovered(crashed, this.#parts, this.#replacedUpTo));
      if (!this.#succession?.isNamed) return;
      const { part } = this.#succession;
      this.#count('either');
      this.#checkCrashed(mode, crashed, this.#recovered(crashed, [part], part.start));
    });
  }

  #checkCrashed(mode: CrashMode, crashed: SimDisk, found: { end: number; hasMore: boolean }): void {
    const violate = (text: string): unknown => this.violations.push(`${mode}: found ${found.end}, ${text}`);
    if (this.#options.hasChecksums) this.#checkVouching(crashed, violate);
    if (found.end < this.#syncedBytes) violate(`but ${this.#syncedBytes} was called synced`);
    if (found.end < this.#confirmed) violate(`but ${this.#confirmed} was confirmed`);
    if (mode === 'kill' && found.hasMore && !this.#mayHaveLostPages) violate('then something that was never appended');
    if (this.#options.settings.policy === 'everysec' && !this.#options.hasFaults) {
      const old = this.#appends.findLast(({ atMs }) => atMs < this.#nowMs - WINDOW_MS);
      if (old !== undefined) this.#count('window');
      if (old !== undefined && found.end < old.end) violate(`but ${old.end} is older than the window`);
    }
  }

  /** How far the files agree with what was appended, and whether there is something else behind it. */
  #recovered(disk: SimDisk, parts: readonly Part[], replacedUpTo: number): { end: number; hasMore: boolean } {
    const contents = disk.contents();
    let end = replacedUpTo;
    for (const part of parts) {
      if (part.start < replacedUpTo) continue;
      const content = latin1(contents.get(part.path) ?? new Uint8Array(0)).slice(part.skip);
      const length = commonPrefix(content, part.text);
      end = part.start + length;
      if (content.length > length) return { end, hasMore: true };
      if (length < part.text.length) return { end, hasMore: false };
    }
    return { end, hasMore: false };
  }

  // --- inside ---

  #events(): AofWriterEvents {
    return {
      synced: (bytes) => this.#release(bytes),
      syncDelayed: () => this.#count('syncDelayed'),
      writeFailed: () => this.#count('writeFailed'),
      writeRecovered: () => this.#count('writeRecovered'),
      syncFailed: () => this.#count('syncFailed'),
      syncRecovered: () => this.#count('syncRecovered'),
      fatal: () => {
        this.#hasEnded = true;
        this.#count('fatal');
      },
    };
  }

  #open(path: string, start: number): DiskFile {
    this.#parts.push({ path, start, skip: 0, text: '' });
    return this.#wrap(this.disk.open(path, 'append'));
  }

  #wrap(file: DiskFile): DiskFile {
    const wrapped = crashingLater(this.#options.wrap?.(file) ?? file);
    if (!this.#options.hasChecksums) return wrapped;
    const vouched = new VouchedFile(this.disk, wrapped, {
      isOn: true,
      spacingBytes: 1,
      onFailure: () => this.#count('vouchingFailed'),
    });
    if (this.#options.hidesCuts) vouched.truncate = (size) => wrapped.truncate(size);
    return vouched;
  }

  #checkVouching(disk: SimDisk, violate: (text: string) => void): void {
    const parts = this.#succession === undefined ? this.#parts : [...this.#parts, this.#succession.part];
    for (const { path } of parts) {
      const content = disk.contents().get(path) ?? new Uint8Array(0);
      const table = readChecksums(disk, path, content.length);
      const verifier = new ChecksumVerifier(table);
      verifier.take(content, 0);
      this.#count(table === undefined || table.coveredEnd === 0 ? 'unvouched' : 'vouched');
      if (verifier.mismatchCount > 0) violate(`and ${path} is not what its checksum file vouches for`);
      if ((table?.coveredEnd ?? 0) > content.length) violate(`and ${path} lacks bytes that are vouched for`);
    }
  }

  #expect(text: string): void {
    const part = this.#parts.at(-1);
    if (part !== undefined) part.text += text;
    if (this.#succession !== undefined) this.#succession.part.text += text;
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  #nextPath(): string {
    return `/log.${++this.#files}`;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}

/**
 * The writer goes on with a sync that blocks when one in the background has ended: nobody would catch a crash there. Nothing that is said after
 * it counts.
 */
function crashingLater(file: DiskFile): DiskFile {
  return altered(file, {
    dataSyncNow: () => {
      try {
        file.dataSyncNow();
      } catch (error) {
        if (!(error instanceof SimCrash)) throw error;
      }
    },
  });
}

/** A file of which some methods are different. */
export function altered(file: DiskFile, changes: Partial<DiskFile>): DiskFile {
  return new Proxy(file, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function commonPrefix(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a.charCodeAt(i) !== b.charCodeAt(i)) return i;
  return length;
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
