/**
 * Explains a log: one pass over its events, which are counted and replayed, and a rewrite of the outcome that is only counted.
 *
 * Every byte of the files is observed once: what precedes an event that nothing else accounts for belongs to it, what cannot
 * be read is `unread`. Transactions are replayed when their EXEC has come, and not at all if it does not come, as a server
 * does it; their commands are counted all the same.
 *
 * Invariant: memory is the tables of @aof/log-statistics, the followed keys (see followed-keys.ts), and one transaction.
 */
import type { Disk } from '@aof/disk';
import {
  type CommandEvent,
  type EntryEvent,
  type FoundLog,
  type LogEvent,
  type LogFile,
  readLog,
} from '@aof/log-reader';
import { keyOf, LogStatistics, nameOfKey, type Observation } from '@aof/log-statistics';
import type { RdbKeyEntry } from '@aof/rdb';
import type { Request } from '@aof/resp-codec';
import { type CommandNames, OWN_NAMES } from '../command-names.ts';
import { isUnknownName } from '../record-keys.ts';
import { BiggestKeys } from './biggest-keys.ts';
import { ExpiryCount } from './expiry-count.ts';
import type { ExplainedFile, Explanation, RewriteOutlook, UnreadPart } from './explanation.ts';
import { FollowedKeys, typeAt } from './followed-keys.ts';
import { NO_KEY, type RecordParts, RecordPartsReader, UNKNOWN_TYPE } from './record-parts.ts';
import { type LiveKey, rdbBaseBytes, simulateRewrite } from './simulated-rewrite.ts';
import { explanationOf, type Findings } from './tables.ts';

export interface ExplainOptions {
  /** Wall clock, ms since the Unix epoch: what has expired by then is dead. */
  readonly nowMs: number;
  /** Between the segments of keys. */
  readonly separator: string;
  /** Rows of the lists of keys and prefixes. */
  readonly top: number;
  /** What counts as the last part of the log: a share of its bytes, or seconds. */
  readonly last: { readonly share: number } | { readonly seconds: number };
  /** What the replayed data set may take in memory; undefined: nothing is replayed. */
  readonly memoryBytes: number | undefined;
  /** Bytes so far, of all. */
  readonly progress: (done: number, total: number) => void;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

/**
 * Explains the log at `path`, as far as it can be read.
 * @throws LogReadError there is no log; ManifestError; DiskError
 */
export async function explainLog(disk: Disk, log: FoundLog, options: ExplainOptions): Promise<Explanation> {
  let explainer: LogExplainer | undefined;
  const { understood } = options.names ?? OWN_NAMES;
  for await (const batch of readLog(disk, log, { faults: 'report', understood })) {
    explainer ??= new LogExplainer(batch.totalBytes, options);
    for (const event of batch) explainer.take(event);
    options.progress(batch.readBytes, batch.totalBytes);
  }
  explainer ??= new LogExplainer(0, options);
  return explainer.finish(log.path);
}

/** What stands for a command in an RDB part, and between records. */
const RDB_KEY = 'RDB key';
const RDB_FRAME = 'RDB frame';
const ANNOTATION = '#TS';
/** Type of values that only a module can read. */
const MODULE = 'module';
const NAMED_UNREPLAYED = 8;

/** A command and what is known about it; detached if it waits for its EXEC. */
interface Logged extends Pick<CommandEvent, 'request' | 'database' | 'atSeconds'> {
  readonly bytes: number;
  readonly position: number;
}

class LogExplainer {
  readonly #options: ExplainOptions;
  readonly #statistics: LogStatistics;
  readonly #parts = new RecordPartsReader();
  readonly #followed: FollowedKeys | undefined;
  readonly #expiry = new ExpiryCount();
  readonly #files: ExplainedFile[] = [];
  /** Commands of the transaction that is open. */
  #queue: Logged[] = [];
  #isInTransaction = false;
  /** Bytes of the files before this one, and where the next event of this one begins. */
  #bytesBefore = 0;
  #fileOffset = 0;
  #fileBytes = 0;
  #rdbBytes = 0;
  /** The last time that the log has said. */
  #atSeconds: number | undefined;
  #unread: UnreadPart | undefined;
  #notReplayed = 0;
  readonly #notReplayedCommands = new Set<string>();
  #hasUnknownName = false;
  readonly #weightOf = (key: string): number => this.#followed?.weightOf(key) ?? 0;
  readonly #onDeleted = (key: string, weight: number): void => this.#statistics.observeExpiry(key, weight);

  /** @param totalBytes of all files */
  constructor(totalBytes: number, options: ExplainOptions) {
    this.#options = options;
    this.#statistics = new LogStatistics({ totalBytes, separator: options.separator });
    if (options.memoryBytes !== undefined) this.#followed = new FollowedKeys(options.nowMs, options.memoryBytes);
  }

  /** Takes the next event of the log. */
  take(event: LogEvent): void {
    switch (event.kind) {
      case 'file-begin':
        this.#fileOffset = 0;
        this.#fileBytes = event.size;
        this.#rdbBytes = 0;
        this.#followed?.replay.beginFile();
        return;
      case 'entry':
        return this.#entry(event);
      case 'command':
        return this.#command(event);
      case 'annotation':
        if (event.seconds !== undefined && !Number.isNaN(event.seconds)) this.#atSeconds = event.seconds;
        return this.#observeFrame(ANNOTATION, this.#bytesTo(event.endOffset));
      case 'file-end':
        return this.#endFile(event.file, event.fault);
    }
  }

  /** Simulates the rewrite and puts everything together. */
  async finish(path: string): Promise<Explanation> {
    const { nowMs, top, last } = this.#options;
    const biggest = new BiggestKeys(top);
    const hottest = this.#statistics.hotKeys.top(top);
    const liveOfHot = new Map<string, number>(hottest.map(({ name }) => [name, 0]));
    const followed = this.#followed;
    const outlook = followed === undefined ? undefined : await this.#rewrite(followed, biggest, liveOfHot);
    const findings: Findings = {
      path,
      atMs: nowMs,
      files: this.#files,
      unread: this.#unread,
      rewrite: outlook?.rewrite,
      expiry:
        outlook === undefined
          ? undefined
          : this.#expiry.result(outlook.dueWithExpiry, outlook.waiting, this.#statistics.firstTimeSec !== undefined),
      biggestKeys: biggest.top(),
      hottestKeys: hottest.map((hot) => {
        const { database, key } = keyOf(hot);
        const isKnown = followed?.follows(key) ?? false;
        const liveBytes = isKnown ? liveOfHot.get(hot.name) : undefined;
        return { database, key, writes: hot.weight, mayMiss: hot.mayMiss, bytes: hot.bytes, liveBytes };
      }),
    };
    return explanationOf(this.#statistics, findings, { top, last });
  }

  // --- events -------------------------------------------------------------------------------------------------------

  /** Bytes from the last event's end to this one's, which becomes the last. */
  #bytesTo(endOffset: number): number {
    const bytes = endOffset - this.#fileOffset;
    this.#fileOffset = endOffset;
    return bytes;
  }

  #entry(event: EntryEvent): void {
    const bytes = this.#bytesTo(event.endOffset);
    this.#rdbBytes += bytes;
    const { entry } = event;
    if (entry.kind === 'module-skipped' && entry.key !== undefined) {
      this.#observeEntry(entry.key, entry.database, { type: MODULE, bytes, isContinued: false });
      if (this.#followed !== undefined) this.#countNotReplayed(RDB_KEY);
    } else if (entry.kind === 'key') {
      // A large value comes in parts; it is one key, written once.
      this.#observeEntry(entry.key, entry.database, { type: entry.type, bytes, isContinued: entry.part > 0 });
      this.#applyEntry(entry, bytes);
    } else this.#observeFrame(RDB_FRAME, bytes);
  }

  #observeEntry(key: string, database: number, entry: Pick<Observation, 'type' | 'bytes' | 'isContinued'>): void {
    const { bytes, isContinued } = entry;
    this.#statistics.observe({
      ...entry,
      command: RDB_KEY,
      database,
      position: this.#position(bytes),
      timeSec: undefined,
      keys: [{ key, bytes, isWrite: !isContinued }],
    });
  }

  #applyEntry(entry: RdbKeyEntry, bytes: number): void {
    const followed = this.#followed;
    if (followed === undefined) return;
    const { key, expireAtMs, isLast } = entry;
    const refusal = followed.applyEntry(entry, bytes);
    if (refusal !== undefined) this.#countNotReplayed(RDB_KEY);
    else if (isLast && expireAtMs >= 0) this.#expiry.given(followed.weightOf(key));
    if (isLast) followed.keepWithinLimit();
  }

  #command(event: CommandEvent): void {
    const { request, database, atSeconds, transaction } = event;
    const bytes = this.#bytesTo(event.endOffset);
    const logged: Logged = { request, database, atSeconds, bytes, position: this.#position(bytes) };
    if (transaction === undefined) {
      if (this.#isInTransaction) this.#endTransaction(false);
      return this.#process(logged, true);
    }
    this.#isInTransaction = true;
    this.#queue.push({ ...logged, request: request.detach() });
    if (transaction.state !== 'open') this.#endTransaction(transaction.state === 'complete');
  }

  #endTransaction(isComplete: boolean): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#isInTransaction = false;
    for (const logged of queue) this.#process(logged, isComplete && !isFrameOfTransaction(logged.request));
    this.#followed?.keepWithinLimit();
  }

  /** @param applies whether a server that loads the log runs it */
  #process(logged: Logged, applies: boolean): void {
    const { request, database, bytes, position, atSeconds: timeSec } = logged;
    const parts = this.#parts.of(request);
    const first = parts.keys[0];
    // What precedes the record in the file and is no event belongs to it, and so to its first key.
    const gap = bytes - (request.rawEnd - request.rawStart);
    const keys =
      gap === 0 || first === undefined ? parts.keys : [{ ...first, bytes: first.bytes + gap }, ...parts.keys.slice(1)];
    const db = this.#followed?.replay.keyspace.databases[database];
    let type = parts.type ?? (first === undefined ? NO_KEY : typeAt(db, first.key));
    if (applies) this.#apply(logged, parts);
    if (type === undefined && first !== undefined) type = typeAt(db, first.key);
    this.#statistics.observe({
      command: parts.command,
      type: type ?? UNKNOWN_TYPE,
      database,
      bytes,
      position,
      timeSec,
      keys,
    });
  }

  #apply({ request, database, atSeconds: timeSec }: Logged, { command, keys }: RecordParts): void {
    const followed = this.#followed;
    if (followed === undefined) return;
    const db = followed.replay.keyspace.databases[database];
    if (db !== undefined) this.#expiry.before(db, keys);
    const outcome = followed.apply(request, keys);
    if (outcome?.kind === 'unknown') this.#hasUnknownName ||= isUnknownName(request);
    if (outcome?.kind === 'unknown' || outcome?.kind === 'arity') this.#countNotReplayed(command);
    if (outcome?.kind === 'error' && followed.oneIn === 1) this.#countNotReplayed(command);
    if (db !== undefined) {
      this.#expiry.after(db, keys, { command, timeSec, weightOf: this.#weightOf, onDeleted: this.#onDeleted });
    }
    if (!this.#isInTransaction) followed.keepWithinLimit();
  }

  #observeFrame(command: string, bytes: number): void {
    const position = this.#position(bytes);
    const timeSec = this.#atSeconds;
    this.#statistics.observe({ command, type: NO_KEY, database: 0, bytes, position, timeSec, keys: [] });
  }

  #endFile(file: LogFile, fault: { readonly message: string; readonly fileOffset: number } | undefined): void {
    if (this.#isInTransaction) this.#endTransaction(false);
    const { name, role } = file;
    const rest = this.#fileBytes - this.#fileOffset;
    // An unfinished transaction was read, and will not be run: there is a fault, and nothing left over.
    if (rest > 0 || fault !== undefined) {
      const fileOffset = this.#fileOffset;
      const bytes = (this.#unread?.bytes ?? 0) + Math.max(0, rest);
      this.#unread = { file: name, fileOffset, reason: fault?.message ?? 'it ended early', ...this.#unread, bytes };
    }
    // A server may have written to it since it was opened.
    const bytes = Math.max(this.#fileBytes, this.#fileOffset);
    this.#files.push({ name, role, bytes, rdbBytes: this.#rdbBytes });
    this.#bytesBefore += bytes;
  }

  /** Of an event whose end has just been reached. */
  #position(bytes: number): number {
    return this.#bytesBefore + this.#fileOffset - bytes;
  }

  #countNotReplayed(command: string): void {
    this.#notReplayed++;
    if (this.#notReplayedCommands.size < NAMED_UNREPLAYED) this.#notReplayedCommands.add(command);
  }

  // --- the rewrite --------------------------------------------------------------------------------------------------

  async #rewrite(followed: FollowedKeys, biggest: BiggestKeys, liveOfHot: Map<string, number>) {
    const { nowMs } = this.#options;
    const { keyspace } = followed.replay;
    let [liveBytes, liveKeys, waiting, variance] = [0, 0, 0, 0];
    const see = (live: LiveKey): void => {
      const { database, key, type, bytes } = live;
      const weight = followed.weightOf(key);
      liveBytes += bytes * weight;
      liveKeys += weight;
      variance += weight * (weight - 1) * bytes * bytes;
      if (live.expireAtMs >= 0) waiting += weight;
      this.#statistics.observeLive({ database, key, type, bytes, weight });
      biggest.see(live);
      const name = nameOfKey(database, key);
      if (liveOfHot.has(name)) liveOfHot.set(name, bytes);
    };
    const { selectBytes, dueKeys } = await simulateRewrite(keyspace, nowMs, see);
    const isSampled = followed.oneIn > 1;
    const dueWithExpiry = dueKeys * followed.oneIn;
    const rewrite: RewriteOutlook = {
      method: isSampled ? 'sampled' : 'replayed',
      sampledOneIn: followed.oneIn,
      liveBytes: liveBytes + selectBytes,
      liveBytesError: Math.ceil(1.96 * Math.sqrt(variance)),
      liveKeys,
      rdbBytes: isSampled ? undefined : await rdbBaseBytes(keyspace, nowMs),
      dueKeys: dueWithExpiry,
      notReplayed: this.#notReplayed,
      notReplayedCommands: [...this.#notReplayedCommands],
      hint: this.#hasUnknownName ? (this.#options.names ?? OWN_NAMES).hint : undefined,
    };
    return { rewrite, dueWithExpiry, waiting };
  }
}

function isFrameOfTransaction(request: Request): boolean {
  return request.count === 1 && (request.is(0, 'multi') || request.is(0, 'exec'));
}
