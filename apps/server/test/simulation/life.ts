/**
 * One simulated life of a server, from a seed: clients, pipelines, transactions, time, slow syncs, faults, kills and a
 * crash at a chosen operation of the disk; then what a restart finds is compared with what was executed and promised.
 *
 * Oracle: what is found is the data set as it was after some command (a prefix of what was executed), and
 * - under `always` that command is not before any that was acknowledged, nor before what a reply tells of (sight.ts);
 * - under `everysec`, with a disk that works and syncs that end, not before any that is older than the window;
 * - when only the process died, not before any whose records were written.
 */
import { AofError } from '@aof/aof-files';
import type { ConfigValues } from '@aof/config';
import { type CrashMode, type CrashMoment, type Disk, DiskError, SimCrash, SimDisk } from '@aof/disk';
import { generator, History } from './history.ts';
import { DIR, Machine, type SimClient, settle, withFiles } from './machine.ts';
import { cutDamage, difference, type Recovery, recover, type State, stateOf, visible } from './recovery.ts';
import { type Ground, Sight } from './sight.ts';

export interface LifeOptions {
  readonly seed: number;
  readonly config: Partial<ConfigValues>;
  readonly steps: number;
  /** A sync takes this long, in ms; above half a millisecond `always` syncs in the background. */
  readonly syncMs: number;
  /** Whether the disk also fails and fills up. */
  readonly hasFaults: boolean;
  /** Whether the process is killed now and then and another one goes on. */
  readonly hasKills: boolean;
  /** Whether the log is rewritten now and then. */
  readonly hasRewrites: boolean;
  /** Whether the policy is changed, and the log switched off and on. */
  readonly hasChanges?: boolean;
  /** Whether what clients send waits for the tick (`Intake`) instead of running at once. */
  readonly isPutDown?: boolean;
  readonly crash?: { readonly operation: number; readonly moment: CrashMoment };
  /** Canary: something between the engine and its disk. */
  readonly wrap?: (disk: Disk) => Disk;
  /** Canary: something is done to each process. */
  readonly prepare?: (engine: Machine['engine']) => void;
  /** Canary: clients count a command as done when it has run. */
  readonly acknowledgesAtOnce?: boolean;
}

export interface LifeResult {
  readonly trace: readonly string[];
  readonly violations: readonly string[];
  /** What happened how often: a test must see that it tested something. */
  readonly counts: ReadonlyMap<string, number>;
}

const CLIENTS = 3;
const CHANGES = [
  ['appendonly', 'no'],
  ['appendonly', 'yes'],
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['appendfsync', 'always'],
  ['appendfsync', 'everysec'],
  ['appendfsync', 'no'],
] as const;
const TIMER_MS = 100;
const MODES: readonly CrashMode[] = ['kill', 'only-synced', 'power-cut', 'power-cut'];

export async function live(options: LifeOptions): Promise<LifeResult> {
  const life = new Life(options);
  await life.run();
  return { trace: life.disk.trace, violations: life.violations, counts: life.counts };
}

/** A data set, and when the command ran that left it. */
interface Moment {
  readonly state: State;
  readonly atMs: number;
}

/** A command that waits for its reply. */
interface Executed {
  readonly args: readonly string[];
  readonly index: number;
  readonly ground: Ground;
  readonly isLogged: boolean;
  readonly isPromised: boolean;
}

/** What a start finds, and by how many operations of the disk. */
interface Found extends Recovery {
  readonly operations: number;
}

class Life {
  readonly disk: SimDisk;
  readonly violations: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #options: LifeOptions;
  readonly #random: () => number;
  readonly #machine: Machine;
  readonly #syncDueMs = new Map<object, number>();
  /** By what is on the disk. */
  readonly #recoveries = new Map<string, Promise<Found>>();
  #history: History;
  #clients: SimClient[] = [];
  /** The data set after each command; the first is what this process found. */
  #moments: Moment[] = [];
  /** Index in `#moments` up to which clients have been answered, and up to which records are in the file. */
  #acknowledged = 0;
  #written = 0;
  /** Up to where the data set must survive lest a reply become untrue. */
  #told = 0;
  #toldBy = '';
  #sight = new Sight();
  /** Since a failure the disk may have lost what it was given, and the window does not hold. */
  #hasFailedSync = false;
  #hasFailed = false;
  /** What a failed sync has left in the page cache is nothing to go on with. */
  #isOver = false;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#random = generator(options.seed);
    this.disk = new SimDisk({ seed: options.seed });
    this.disk.makeDirectory(DIR);
    this.disk.settleAll();
    this.disk.holdSyncs = options.syncMs > 0;
    if (options.crash) this.disk.crashAt(options.crash.operation, options.crash.moment);
    this.#machine = new Machine({
      disk: this.disk,
      config: options.config,
      random: this.#random,
      // So that a rewrite takes several turns.
      tickUs: options.hasRewrites ? 200 : 0,
      wrap: (disk, machine) => slowDisk(options.wrap?.(disk) ?? disk, machine, options.syncMs),
    });
    this.#history = new History(this.#random, this.#machine.engine);
  }

  async run(): Promise<void> {
    try {
      await this.#begin(() => this.#machine.start());
      for (let step = 0; step < this.#options.steps && !this.disk.isCrashed && !this.#isOver; step++) {
        if (this.#machine.fatal !== undefined) {
          this.#count('fatal');
          await this.#kill();
        } else await this.#step();
        this.#endDueSyncs();
        await settle();
      }
    } catch (error) {
      if (!(error instanceof SimCrash)) throw error;
    }
    for (const line of this.#machine.lines) if (line.includes('AOF rewrite finished')) this.#count('rewritten');
    await this.#check();
  }

  // --- what happens ---

  async #begin(start: () => Promise<void>): Promise<void> {
    this.#moments = [{ state: [], atMs: this.#machine.nowMs }];
    await start();
    this.#options.prepare?.(this.#machine.engine);
    this.#moments = [this.#moment()];
    [this.#acknowledged, this.#written, this.#told] = [0, 0, 0];
    this.#sight = new Sight();
    this.#history = new History(this.#random, this.#machine.engine);
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => this.#connect(i));
  }

  async #step(): Promise<void> {
    const roll = this.#random();
    if (this.#isRefusing && roll < 0.06) return this.#makeRoom();
    if (roll < 0.45) this.#command();
    else if (roll < 0.78) this.#turn();
    else if (roll < 0.92) this.#machine.advance(this.#below(TIMER_MS + 1));
    else if (roll < 0.93) this.#rewrite();
    else if (roll < 0.94) this.#change();
    else if (roll < 0.97 && this.#options.hasFaults) this.#fault();
    else if (roll >= 0.98 && this.#options.hasKills) await this.#kill();
    this.#noteWritten();
  }

  #rewrite(): void {
    if (!this.#options.hasRewrites) return;
    this.#clients[0]?.send(['BGREWRITEAOF']);
  }

  #change(): void {
    if (!this.#options.hasChanges) return;
    const [name, value] = CHANGES[this.#below(CHANGES.length)] ?? ['appendonly', 'yes'];
    this.#count('change');
    this.#clients[1]?.send(['CONFIG', 'SET', name, value]);
  }

  /** The log is on, and not only on its way there. */
  get #isLogging(): boolean {
    return this.#machine.engine.appendLog.state === 'on';
  }

  /** A reply now means that what it tells is durable. */
  get #isPromising(): boolean {
    return this.#isLogging && this.#machine.engine.config.values.appendfsync === 'always';
  }

  get #isRefusing(): boolean {
    return this.#machine.engine.appendLog.writeError !== undefined && !this.#hasFailedSync;
  }

  /** Somebody looks after the disk; the server tries again within a second. */
  #makeRoom(): void {
    this.disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
    this.#machine.advance(1100);
    this.#noteWritten();
  }

  #command(): void {
    const index = this.#below(CLIENTS);
    const client = this.#clients[index];
    client?.send(...this.#history.next(index, 1 + this.#below(4)));
  }

  #turn(): void {
    this.#machine.turn();
    this.#count('turn');
  }

  /** kill -9 and a new process: it serves what it finds, which therefore must not be lost any more. */
  async #kill(): Promise<void> {
    this.#count('kill');
    this.#isOver = this.#hasFailedSync;
    if (this.#isOver) return;
    const required = this.#requiredAfterKill();
    const before = this.#moments;
    // Until the new process has started, the old one's promises hold.
    const refusal = await this.#restart();
    if (refusal !== undefined) {
      this.#violate('kill -9', `the server refuses to start: ${refusal}`);
      this.#isOver = true;
      return;
    }
    this.#match('kill -9', before, visible(stateOf(this.#machine.engine), this.#machine.nowMs), required);
    await this.#begin(() => Promise.resolve());
  }

  /** A disk that fails the start is tried again, as a service manager does. */
  async #restart(): Promise<string | undefined> {
    for (;;) {
      try {
        await this.#machine.restart();
        return undefined;
      } catch (error) {
        const isDisk = error instanceof DiskError || (error instanceof Error && error.cause instanceof DiskError);
        if (!isDisk && error instanceof AofError) return String(error);
        if (!isDisk) throw error;
        this.#count('failed start');
        this.disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
      }
    }
  }

  #connect(number: number): SimClient {
    const client = this.#machine.connect();
    client.isPutDown = this.#options.isPutDown ?? false;
    const waiting: Executed[] = [];
    client.onExecuted = (args) => {
      const before = this.#moments.at(-1)?.state ?? [];
      const after = this.#moment();
      const index = this.#moments.push(after) - 1;
      const ground = this.#sight.look(number, args, index, before, after.state);
      waiting.push({ args, index, ground, isLogged: this.#isLogging, isPromised: this.#isPromising });
      this.#count('executed');
      if (this.#options.acknowledgesAtOnce) client.onReply('');
    };
    client.onReply = (reply) => {
      if (this.disk.isCrashed) return;
      const answered = waiting.shift();
      if (answered === undefined) return;
      this.#count('acknowledged');
      const { args, index, ground } = answered;
      if (answered.isLogged && this.#isLogging) this.#acknowledged = Math.max(this.#acknowledged, index);
      // Also if the policy has changed since, or the log was switched off: it ran under `always`.
      if (!answered.isPromised) return;
      this.#tell(reply === null ? ground.aborted : ground.reply, `${index} ${args.join(' ').slice(0, 80)}`);
      if (this.#told < index) this.#count('overtaken');
    };
    return client;
  }

  #tell(ground: number, by: string): void {
    if (ground <= this.#told) return;
    this.#told = ground;
    this.#toldBy = by;
  }

  #moment(): Moment {
    const last = this.#moments.at(-1);
    const state = stateOf(this.#machine.engine);
    const isSame =
      last !== undefined && last.state.length === state.length && visible(last.state, 0) === visible(state, 0);
    return { state: isSame ? last.state : state, atMs: this.#machine.nowMs };
  }

  #noteWritten(): void {
    const { appendLog } = this.#machine.engine;
    if (!this.#isLogging) return;
    if (appendLog.bufferedBytes === 0) this.#written = this.#moments.length - 1;
    else this.#count('buffered');
    if (appendLog.writeError !== undefined) {
      this.#hasFailed = true;
      this.#count('misconf');
    } else if (this.#hasFailed) this.#count('recovered');
  }

  #fault(): void {
    this.#count('fault');
    const times = 1 + this.#below(2);
    const roll = this.#below(10);
    if (roll < 3) this.disk.inject({ operation: 'write', maxBytes: 1 + this.#below(60), times });
    else if (roll < 5) this.disk.inject({ operation: 'write', code: 'EIO', times });
    else if (roll < 6) this.disk.inject({ operation: 'truncate', times });
    else if (roll < 7) {
      this.#hasFailedSync = true;
      this.#hasFailed = true;
      this.disk.inject({ operation: 'sync', times });
    } else if (Number.isFinite(this.disk.freeSpaceBytes)) this.disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
    else this.disk.freeSpaceBytes = this.#below(300);
  }

  #endDueSyncs(): void {
    for (const sync of this.disk.pendingSyncs) {
      if (!this.#syncDueMs.has(sync))
        this.#syncDueMs.set(sync, this.#machine.nowMs + this.#below(this.#options.syncMs));
    }
    for (let i = this.disk.pendingSyncs.length - 1; i >= 0; i--) {
      const sync = this.disk.pendingSyncs[i];
      if (sync === undefined || (this.#syncDueMs.get(sync) ?? 0) > this.#machine.nowMs) continue;
      this.#count('sync');
      this.disk.completeSync(i);
    }
  }

  // --- what must be so ---

  #requiredAfterKill(): number {
    // What a failed sync covered may have left the page cache.
    if (this.#hasFailedSync) return 0;
    // Replies may leave before a write that is postponed (a sync runs) or that has failed, but under `always`.
    const isAlways = this.#options.config.appendfsync === 'always' && !this.#options.hasChanges;
    const mayWait = !isAlways && (this.#hasFailed || this.#options.syncMs > 0);
    return Math.max(this.#written, mayWait ? 0 : this.#acknowledged);
  }

  #requiredAfterPowerCut(): number {
    const policy = this.#options.config.appendfsync ?? 'everysec';
    if (policy === 'always' || this.#options.hasChanges) return this.#told;
    if (policy === 'no' || this.#hasFailed) return 0;
    const windowMs = 1000 + 2 * this.#options.syncMs + 4 * TIMER_MS;
    const old = this.#moments.findLastIndex(({ atMs }) => atMs < this.#machine.nowMs - windowMs);
    if (old > 0) this.#count('window');
    return Math.max(0, old);
  }

  async #check(): Promise<void> {
    for (const [i, mode] of MODES.entries()) {
      const required = mode === 'kill' ? this.#requiredAfterKill() : this.#requiredAfterPowerCut();
      const crashed = () => {
        const disk = this.disk.afterCrash(this.#options.seed + i, mode);
        disk.freeSpaceBytes = Number.POSITIVE_INFINITY;
        return disk;
      };
      const disk = await this.#withoutDamage(crashed, mode);
      if (disk === undefined) continue;
      const { state, refusal, machine, operations } = await this.#recovered(disk());
      await this.#crashAgain(mode, disk, operations, required);
      if (state === undefined) this.#judgeRefusal(mode, refusal);
      else this.#match(mode, this.#moments, state, required);
      if (i === 0 && refusal === undefined) await this.#goOn(machine, mode);
    }
  }

  /** Crashes leave much the same, and a start takes long: each content once, for what is found depends on nothing else. */
  #recovered(disk: SimDisk): Promise<Found> {
    const content = contentText(disk, () => true);
    const known = this.#recoveries.get(content) ?? this.#start(disk);
    this.#recoveries.set(content, known);
    return known;
  }

  async #start(disk: SimDisk): Promise<Found> {
    const before = disk.operations;
    const recovery = await recover(disk, this.#options.config, this.#machine.nowMs);
    return { ...recovery, operations: disk.operations - before };
  }

  /** The disk as found, after what an operator would do about sectors that were lost; undefined if there is nothing to compare. */
  async #withoutDamage(crashed: () => SimDisk, mode: CrashMode): Promise<(() => SimDisk) | undefined> {
    const repaired = (): SimDisk => {
      const disk = crashed();
      cutDamage(disk);
      return disk;
    };
    const disk = crashed();
    if (!cutDamage(crashed())) return crashed;
    this.#count('damage');
    const before = text(disk);
    const { refusal } = await recover(disk, this.#options.config, this.#machine.nowMs);
    if (refusal === undefined) return repaired;
    this.#count('refusal');
    if (!/Bad file format|Unknown command|Wrong number of arguments/.test(refusal))
      this.#violate(mode, `damage is answered with ${refusal}`);
    if (text(disk) !== before) this.#violate(mode, 'a start that is refused changes the disk');
    return repaired;
  }

  /** The start after a crash crashes too: the next one must find the same. */
  async #crashAgain(mode: CrashMode, disk: () => SimDisk, operations: number, required: number): Promise<void> {
    if (operations === 0) return;
    const second = disk();
    second.crashAt(second.operations + 1 + this.#below(operations), this.#random() < 0.5 ? 'before' : 'half');
    await recover(second, this.#options.config, this.#machine.nowMs);
    if (!second.isCrashed) return;
    this.#count('crashed again');
    const third = second.afterCrash(this.#options.seed, mode);
    const { state, refusal } = await this.#recovered(third);
    if (state === undefined) this.#judgeRefusal(`${mode}, crash of the recovery`, refusal);
    else this.#match(`${mode}, crash of the recovery`, this.#moments, state, required);
  }

  /** What was recovered can be written to, and that too is found by the next start. */
  async #goOn(machine: Machine, mode: CrashMode): Promise<void> {
    await machine.ask('SET', 'afterwards', 'x');
    const expected = visible(stateOf(machine.engine), machine.nowMs);
    await machine.restart();
    const found = visible(stateOf(machine.engine), machine.nowMs);
    if (found !== expected) this.#violate(mode, `after going on: found\n${found}\ninstead of\n${expected}`);
  }

  /**
   * What a failed sync has lost at the end of an incr file is missed when another one is behind it, which a rewrite has begun that has
   * not healed it yet: no start may pass over that, for all that follows is in the next file.
   */
  #judgeRefusal(mode: string, refusal: string | undefined): void {
    if (this.#hasFailedSync && refusal?.includes('the truncated file is not the last file')) this.#count('missed');
    else this.#violate(mode, `the server refuses to start: ${refusal}`);
  }

  #match(mode: string, moments: readonly Moment[], found: string, required: number): void {
    const { nowMs } = this.#machine;
    const index = moments.findLastIndex(({ state }) => visible(state, nowMs) === found);
    if (index < 0)
      this.#violate(
        mode,
        `found what never was, required ${required}: ${difference(found, visible(moments.at(-1)?.state ?? [], nowMs))}`,
      );
    else if (index < required)
      this.#violate(mode, `found the data set of ${index}, but ${required} was promised (${this.#toldBy})`);
  }

  #violate(mode: string, message: string): void {
    this.violations.push(`${mode}: ${message}`);
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }
}

/** A disk on which a sync that blocks takes its time; those in the background are held until they are due. */
function slowDisk(disk: Disk, machine: Machine, syncMs: number): Disk {
  if (syncMs === 0) return disk;
  return withFiles(disk, (file) => ({
    dataSyncNow: () => {
      machine.nowMs += syncMs;
      try {
        file.dataSyncNow();
      } catch (error) {
        // The log goes on with one that blocks when one in the background has ended: nobody would catch a crash there. The next operation
        // tells of it too, and what is answered until then is heard by nobody.
        if (!(error instanceof SimCrash)) throw error;
      }
    },
  }));
}

/** Everything on a disk but what an interrupted rewrite has left behind, which any start may remove. */
function text(disk: SimDisk): string {
  return contentText(disk, (path) => !path.includes('/temp-'));
}

function contentText(disk: SimDisk, isMeant: (path: string) => boolean): string {
  return [...disk.contents()]
    .filter(([path]) => isMeant(path))
    .map(([path, bytes]) => `${path} ${Buffer.from(bytes).toString('latin1')}`)
    .join('\n');
}
