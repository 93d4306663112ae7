/**
 * What is in a log, as far as it matters before a start: damage, times, the version of its base, huge keys.
 *
 * Invariants: nothing is written; memory is bounded, whatever the log holds.
 */
import type { Disk } from '@aof/disk';
import { type FoundLog, keysOf, type LogEvent, type LogFault, readLog } from '@aof/log-reader';
import { type Dialect, RDB_TARGETS, type RdbTarget } from '@aof/rdb';
import type { CommandNames } from './command-names.ts';
import { describeText } from './describe-record.ts';
import type { DoctorFinding } from './doctor-finding.ts';
import { emptyBaseText, isLostBase, type LogFile } from './log-files.ts';
import { bytesText } from './number-text.ts';

/** From here on a key is said to be huge: to delete, to expire or to load it takes a server tens of milliseconds. */
const HUGE_BYTES = 10 * 1024 * 1024;
/** From here on it stops a server for long. */
const DANGEROUS_BYTES = 128 * 1024 * 1024;
const SHOWN_KEYS = 5;
/** Commands that add to what they name, so that several in a row, as a rewrite writes them, make one value. */
const ADDING = ['rpush', 'sadd', 'hmset', 'hset', 'zadd', 'xadd', 'set', 'append'];

/** The versions of RDB files that servers read. Source: Redis rdb.h, Valkey rdb.h. */
const READS: Readonly<Record<RdbTarget, readonly [dialect: Dialect, version: number]>> = {
  'redis-4': ['redis', 8],
  'redis-5': ['redis', 9],
  'redis-6': ['redis', 9],
  'redis-7.0': ['redis', 10],
  'redis-7.2': ['redis', 11],
  'redis-7.4': ['redis', 12],
  'valkey-8': ['redis', 11],
  'valkey-9': ['valkey', 80],
};
const WITHOUT_MANIFEST: ReadonlySet<RdbTarget> = new Set<RdbTarget>(['redis-4', 'redis-5', 'redis-6']);

export interface LogContent {
  readonly totalBytes: number;
  /** Behind the RDB part or the base. */
  readonly commands: number;
  /** A base without the bytes that it must have had. */
  readonly lostBase: LogFile | undefined;
  readonly hasTimes: boolean;
  readonly fault: LogFault | undefined;
  readonly tail: LogFault | undefined;
  readonly rdb:
    | { readonly dialect: Dialect; readonly version: number; readonly server: string | undefined }
    | undefined;
  readonly largest: readonly { readonly key: string; readonly database: number; readonly bytes: number }[];
}

/** @throws DiskError a file cannot be opened */
export async function readContent(
  disk: Disk,
  log: FoundLog,
  { understood }: CommandNames,
  progress: (done: number, total: number) => void,
): Promise<LogContent> {
  const reading = new ContentReading();
  for await (const batch of readLog(disk, log, { faults: 'report', understood })) {
    for (const event of batch) reading.take(event);
    progress(batch.readBytes, batch.totalBytes);
  }
  return reading.finish();
}

interface Run {
  key: string;
  database: number;
  bytes: number;
}

class ContentReading {
  readonly #largest: Run[] = [];
  #run: Run = { key: '', database: -1, bytes: 0 };
  #totalBytes = 0;
  #commands = 0;
  #lostBase: LogFile | undefined;
  #hasTimes = false;
  #fault: LogFault | undefined;
  #tail: LogFault | undefined;
  #dialect: Dialect | undefined;
  #version = 0;
  #server: string | undefined;

  take(event: LogEvent): void {
    switch (event.kind) {
      case 'file-begin':
        this.#totalBytes += event.size;
        if (event.size === 0 && isLostBase(event.file)) this.#lostBase = event.file;
        return;
      case 'entry':
        return this.#takeEntry(event);
      case 'annotation':
        this.#hasTimes ||= event.seconds !== undefined;
        return;
      case 'command':
        return this.#takeCommand(event);
      case 'file-end': {
        this.#endRun();
        const { fault, isLast } = event;
        const isTail = fault?.code === 'AOF_TRUNCATED' || fault?.code === 'AOF_UNFINISHED_TRANSACTION';
        if (isTail && isLast) this.#tail = fault;
        else this.#fault ??= fault;
      }
    }
  }

  finish(): LogContent {
    const rdb = this.#dialect && { dialect: this.#dialect, version: this.#version, server: this.#server };
    const largest = this.#largest.map(({ key, database, bytes }) => ({ key, database, bytes }));
    return {
      totalBytes: this.#totalBytes,
      commands: this.#commands,
      lostBase: this.#lostBase,
      hasTimes: this.#hasTimes,
      fault: this.#fault,
      tail: this.#tail,
      rdb,
      largest,
    };
  }

  #takeEntry({ entry, fileOffset, endOffset }: Extract<LogEvent, { readonly kind: 'entry' }>): void {
    if (entry.kind === 'header') {
      this.#dialect = entry.dialect;
      this.#version = entry.version;
    } else if (entry.kind === 'aux' && (entry.key === 'redis-ver' || entry.key === 'valkey-ver')) {
      this.#server = `${entry.key === 'redis-ver' ? 'Redis' : 'Valkey'} ${describeText(entry.value)}`;
    } else if (entry.kind === 'key') this.#add(entry.key, entry.database, endOffset - fileOffset);
  }

  #takeCommand({
    request,
    file,
    database,
    fileOffset,
    endOffset,
  }: Extract<LogEvent, { readonly kind: 'command' }>): void {
    if (file.role !== 'base') this.#commands++;
    const first = ADDING.some((name) => request.is(0, name)) ? keysOf(request)?.[0] : undefined;
    if (first === undefined) return this.#endRun();
    this.#add(request.latin1(first), database, endOffset - fileOffset);
    // What SET writes stands for itself.
    if (request.is(0, 'set')) this.#endRun();
  }

  #add(key: string, database: number, bytes: number): void {
    const run = this.#run;
    if (run.key !== key || run.database !== database) this.#endRun();
    this.#run.key = key;
    this.#run.database = database;
    this.#run.bytes += bytes;
  }

  #endRun(): void {
    const run = this.#run;
    if (run.bytes >= HUGE_BYTES) {
      const known = this.#largest.find(({ key, database }) => key === run.key && database === run.database);
      if (known === undefined) this.#largest.push({ ...run });
      else known.bytes = Math.max(known.bytes, run.bytes);
      this.#largest.sort((a, b) => b.bytes - a.bytes).splice(SHOWN_KEYS);
    }
    run.bytes = 0;
    run.database = -1;
  }
}

/** @param server who is to load it, if that is known */
export function examineContent(content: LogContent, log: FoundLog, server: RdbTarget | undefined): DoctorFinding[] {
  return [...damageFindings(content, log), ...versionFindings(content, log, server), ...hugeKeys(content)];
}

function damageFindings({ fault, tail, lostBase }: LogContent, log: FoundLog): DoctorFinding[] {
  const advice = `check-aof repair --dry-run ${log.layout === 'single' ? log.path : log.folder}`;
  if (fault !== undefined) {
    const text = `The log is damaged: ${fault.message}. No server starts from it.`;
    return [{ level: 'problem', code: 'damage', text, advice }];
  }
  if (lostBase !== undefined) {
    const text = `${emptyBaseText(lostBase)}. Servers start from it as if nothing were missing.`;
    return [
      {
        level: 'problem',
        code: 'damage',
        text,
        advice: 'Look for the file in a backup before a server rewrites the log.',
      },
    ];
  }
  if (tail !== undefined) {
    const text = `The log ends unfinished: ${tail.message}. That is what a crash, or a server that is writing just now, leaves. A server with aof-load-truncated yes cuts it off when it starts; with no it does not start.`;
    return [{ level: 'warning', code: 'unfinished-end', text, advice }];
  }
  return [{ level: 'ok', code: 'damage', text: 'All of the log can be read, and it ends behind a whole command.' }];
}

function versionFindings({ rdb, hasTimes }: LogContent, log: FoundLog, server: RdbTarget | undefined): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (rdb !== undefined) {
    const { dialect, version, server: writer } = rdb;
    const readers = RDB_TARGETS.filter((name) => readsRdb(name, rdb));
    const by = writer === undefined ? '' : `, written by ${writer}`;
    const whom = readers.length === 0 ? 'none of those known here' : readers.join(', ');
    const what = `The base is an RDB file of version ${version}${dialect === 'valkey' ? ' of Valkey' : ''}${by}`;
    if (server !== undefined && !readers.includes(server)) {
      findings.push(tooNew(`${what}: ${server} cannot read it.`, server, 'base-version', log));
    } else findings.push({ level: 'ok', code: 'base-version', text: `${what}. It is read by: ${whom}.` });
  }
  if (server === undefined || !WITHOUT_MANIFEST.has(server)) return findings;
  if (log.layout === 'multi-part') {
    findings.push(tooNew(`${server} reads no manifest: it would start empty.`, server, 'server-version', log));
  }
  if (hasTimes) findings.push(tooNew(`The log bears times, which ${server} refuses.`, server, 'server-version', log));
  return findings;
}

function readsRdb(
  server: RdbTarget,
  { dialect, version }: { readonly dialect: Dialect; readonly version: number },
): boolean {
  const [own, newest] = READS[server];
  // Valkey 9 reads what Redis up to 7.2 wrote; neither reads what the other numbers on its own.
  if (own === 'valkey') return dialect === 'valkey' ? version <= newest : version <= 11;
  return dialect === 'redis' && version <= newest;
}

function tooNew(text: string, server: RdbTarget, code: DoctorFinding['code'], { folder }: FoundLog): DoctorFinding {
  return { level: 'problem', code, text, advice: `check-aof convert ${folder} --to ${server} --out <folder>` };
}

function hugeKeys({ largest }: LogContent): DoctorFinding[] {
  return largest.map(({ key, database, bytes }): DoctorFinding => {
    const where = database === 0 ? '' : ` in database ${database}`;
    const text = `${describeText(key)}${where} takes about ${bytesText(bytes)} in the log. A server stands still while it loads, deletes or moves such a key.`;
    const advice = 'Split it over several keys; delete it with UNLINK.';
    return { level: bytes >= DANGEROUS_BYTES ? 'warning' : 'notice', code: 'huge-keys', text, advice };
  });
}
