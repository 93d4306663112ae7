/**
 * The strict check: reads a log and replays it, and finds what redis-check-aof calls valid although no server wrote it.
 *
 * A server logs only commands that succeeded and changed something, in one spelling of RESP. Whatever contradicts this is a
 * finding. Once part of the log cannot be read, what follows replays into a data set that lacks something, so that errors
 * there are only `possible`.
 *
 * Invariant: memory is the data set, two chunks, and a bounded number of findings; nothing is written.
 */
import {
  ANNOTATION,
  AofRecordReader,
  END,
  NEED_MORE,
  parseTimestampAnnotation,
  RECORD,
  type RecordFault,
  readFileKind,
} from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import { ENTRY as RDB_ENTRY, NEED_MORE as RDB_NEED_MORE, RdbError, RdbReader } from '@aof/rdb';
import { Request } from '@aof/resp-codec';
import { type CommandNames, OWN_NAMES } from './command-names.ts';
import { describeBytes, describeRecord, describeText } from './describe-record.ts';
import {
  type Certainty,
  type Finding,
  type FindingCode,
  MAX_FINDINGS,
  type StrictFile,
  type StrictReport,
} from './findings.ts';
import { isModuleCommand, knownElsewhere } from './known-commands.ts';
import type { LogFile } from './log-files.ts';
import { Neighbours } from './neighbours.ts';
import { Replay } from './replay.ts';
import { suspicionOf } from './suspicious-bytes.ts';
import { commandsIn, compareChecksums, mismatchText } from './vouched-check.ts';

export interface StrictOptions {
  readonly disk: Disk;
  readonly files: readonly LogFile[];
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: number;
  /** Bytes of all files that have been looked at. */
  readonly progress: (done: number, total: number) => void;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

/** @throws DiskError reading failed */
export async function checkStrictly(options: StrictOptions): Promise<StrictReport> {
  return new StrictCheck(options).run();
}

/** Elements of a value of an RDB part that are read at once. */
const PART_ELEMENTS = 4096;
/** Keys that commands touched which could not be replayed; beyond that many, all keys count as touched. */
const MAX_TOUCHED = 100_000;

class StrictCheck {
  readonly #options: StrictOptions;
  readonly #replay: Replay;
  readonly #findings: Finding[] = [];
  readonly #touched = new Set<string>();
  #findingCount = 0;
  #notReplayed = 0;
  /** Part of the log is missing: what follows may contradict what was there. */
  #hasGap = false;
  #bytesBefore = 0;
  #totalBytes = 0;

  constructor(options: StrictOptions) {
    this.#options = options;
    this.#replay = new Replay(options.nowMs);
  }

  async run(): Promise<StrictReport> {
    const { disk, files } = this.#options;
    this.#totalBytes = files.reduce((sum, { path }) => sum + (disk.status(path)?.size ?? 0), 0);
    const read: StrictFile[] = [];
    for (const file of files) read.push(await this.#file(file));
    return {
      files: read,
      records: read.reduce((sum, { records }) => sum + records, 0),
      keys: this.#replay.keyspace.size,
      notReplayed: this.#notReplayed,
      findings: this.#findings,
      findingCount: this.#findingCount,
    };
  }

  async #file(file: LogFile): Promise<StrictFile> {
    const { disk } = this.#options;
    let handle: DiskFile;
    try {
      handle = disk.open(file.path, 'read');
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#add(file, {
        code: 'file-missing',
        certainty: 'certain',
        offset: 0,
        line: 0,
        message: `cannot be opened: ${error.reason}`,
      });
      this.#hasGap = true;
      return { name: file.name, bytes: 0, records: 0, isReadToEnd: false };
    }
    try {
      this.#replay.beginFile();
      const bytes = handle.size();
      const recordsOffset = bytes > 0 && this.#beginsWithRdb(file) ? await this.#rdbPart(file, handle) : 0;
      const vouching = await this.#vouching(file, handle, recordsOffset);
      if (recordsOffset === undefined) return { name: file.name, bytes, records: 0, isReadToEnd: false, ...vouching };
      const { records, isReadToEnd } = await new RecordPass(this, file, handle, recordsOffset).run();
      this.#bytesBefore += bytes;
      return { name: file.name, bytes, records, isReadToEnd, ...vouching };
    } finally {
      handle.close();
    }
  }

  /** Compares the file with what vouches for it: damage is named before what it causes. */
  async #vouching(file: LogFile, handle: DiskFile, recordsOffset: number | undefined): Promise<Partial<StrictFile>> {
    const found = await compareChecksums(this.#options.disk, file.path, handle);
    if (found === undefined) return {};
    const { coveredBytes, mismatches, mismatchCount, missingBytes, doubt } = found;
    const commands = await commandsIn(handle, recordsOffset, mismatches);
    for (const [i, mismatch] of mismatches.entries()) {
      const inBlock = commands[i] ?? { count: 0, shown: [] };
      const [command, ...after] = inBlock.shown;
      const place = { code: 'checksum', certainty: 'certain', offset: mismatch.start, line: 0 } as const;
      this.#add(file, { ...place, message: mismatchText(mismatch, inBlock), ...(command && { command }) }, { after });
    }
    this.#findingCount += mismatchCount - mismatches.length;
    if (missingBytes > 0) {
      const message = `${missingBytes} bytes that were written and synced are missing from here on`;
      this.#add(file, { code: 'checksum-end', certainty: 'certain', offset: handle.size(), line: 0, message });
    }
    if (mismatchCount > 0 || missingBytes > 0) this.#hasGap = true;
    return { vouchedBytes: coveredBytes, vouchingDoubt: doubt };
  }

  #beginsWithRdb({ path, role }: LogFile): boolean {
    return role !== 'incr' && readFileKind(this.#options.disk, path) === 'rdb';
  }

  /** @returns where the records begin; undefined if the RDB part is damaged */
  async #rdbPart(file: LogFile, handle: DiskFile): Promise<number | undefined> {
    const reader = new RdbReader({ partElements: PART_ELEMENTS, findsDuplicates: true });
    try {
      for await (const chunk of fileChunks(handle, 0)) {
        reader.feed(chunk);
        if (!this.#entries(file, reader)) break;
        this.progress(reader.endOffset);
      }
      if (reader.next() === RDB_NEED_MORE) {
        reader.end();
        this.#entries(file, reader);
      }
      if (reader.error === undefined) return reader.endOffset;
      this.#rdbFinding(file, reader.error);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      this.#rdbFinding(file, error);
    }
    this.#hasGap = true;
    return undefined;
  }

  /** @returns whether the reader wants more */
  #entries(file: LogFile, reader: RdbReader): boolean {
    for (;;) {
      const status = reader.next();
      if (status !== RDB_ENTRY) return status === RDB_NEED_MORE;
      const { entry } = reader;
      if (entry === undefined) continue;
      const refusal = this.#replay.applyEntry(entry);
      if (refusal !== undefined)
        this.#add(file, { code: 'rdb', certainty: 'certain', offset: entry.fileOffset, line: 0, message: refusal });
    }
  }

  #rdbFinding(file: LogFile, error: RdbError): void {
    const key = error.key === undefined ? '' : `, in key ${describeText(error.key)}`;
    this.#add(file, {
      code: 'rdb',
      certainty: 'certain',
      offset: error.fileOffset,
      line: 0,
      message: error.message + key,
    });
  }

  // --- what the pass over one file's records uses ---

  get replay(): Replay {
    return this.#replay;
  }

  /** What a record means. */
  understood(record: Request): Request {
    return (this.#options.names ?? OWN_NAMES).understood(record);
  }

  progress(fileOffset: number): void {
    this.#options.progress(this.#bytesBefore + fileOffset, this.#totalBytes);
  }

  markGap(): void {
    this.#hasGap = true;
  }

  countNotReplayed(request: Request): void {
    this.#notReplayed++;
    for (let i = 1; i < request.count && this.#touched.size < MAX_TOUCHED; i++) this.#touched.add(request.latin1(i));
  }

  /** How sure an error of a replayed command is a sign of damage. */
  certaintyOfReplay(request: Request): Certainty {
    if (this.#hasGap || this.#touched.size >= MAX_TOUCHED) return 'possible';
    for (let i = 1; i < request.count; i++)
      if (this.#touched.size > 0 && this.#touched.has(request.latin1(i))) return 'possible';
    return 'likely';
  }

  /** @returns the finding, to which neighbours may still be added, unless there are too many */
  #add(file: LogFile, found: FoundAt, around: Partial<Pick<Finding, 'before' | 'after'>> = {}): void {
    this.#findingCount++;
    if (this.#findings.length >= MAX_FINDINGS) return;
    const { name, path } = file;
    this.#findings.push({ ...found, command: found.command, file: name, path, before: [], after: [], ...around });
  }

  add(file: LogFile, found: FoundAt, neighbours: Neighbours): void {
    this.#add(file, found, this.#findings.length < MAX_FINDINGS ? neighbours.around() : {});
  }
}

/** A finding without its surroundings. */
interface FoundAt {
  readonly code: FindingCode;
  readonly certainty: Certainty;
  readonly offset: number;
  readonly line: number;
  readonly message: string;
  readonly command?: string;
}

/** Reads the records of one file. */
class RecordPass {
  readonly #check: StrictCheck;
  readonly #file: LogFile;
  readonly #handle: DiskFile;
  readonly #fileOffset: number;
  readonly #view = new Request();
  readonly #reader: AofRecordReader;
  readonly #neighbours: Neighbours;
  #records = 0;
  #line = 1;
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  #transactionOffset = 0;
  #transactionLine = 0;

  constructor(check: StrictCheck, file: LogFile, handle: DiskFile, fileOffset: number) {
    this.#check = check;
    this.#file = file;
    this.#handle = handle;
    this.#fileOffset = fileOffset;
    this.#reader = new AofRecordReader({ mode: 'check', fileOffset, view: this.#view });
    this.#neighbours = new Neighbours(handle);
  }

  async run(): Promise<{ readonly records: number; readonly isReadToEnd: boolean }> {
    let goesOn = true;
    for await (const chunk of fileChunks(this.#handle, this.#fileOffset)) {
      this.#reader.feed(chunk);
      goesOn = this.#readAll();
      this.#check.progress(this.#reader.endOffset);
      if (!goesOn) break;
    }
    if (goesOn) {
      this.#reader.end();
      this.#readAll();
    }
    if (this.#check.replay.isInTransaction) this.#unfinishedTransaction();
    return { records: this.#records, isReadToEnd: this.#reader.fault === undefined };
  }

  #readAll(): boolean {
    const reader = this.#reader;
    for (;;) {
      const status = reader.next();
      if (status === RECORD) this.#record();
      else if (status === ANNOTATION) this.#annotation();
      else if (status === NEED_MORE) return true;
      else {
        if (status !== END && reader.fault !== undefined) this.#fault(reader.fault);
        return false;
      }
      this.#line = reader.line;
    }
  }

  #record(): void {
    const view = this.#view;
    this.#records++;
    this.#neighbours.passed(this.#reader.recordOffset, view);
    if (view.count === 0) return this.#found('spelling', 'certain', 'a record without a command');
    if (view.rawEnd - view.rawStart !== plainLength(view)) {
      this.#found('spelling', 'certain', 'lengths are written in a way that no server uses');
    }
    const wasInTransaction = this.#check.replay.isInTransaction;
    this.#judge();
    if (!wasInTransaction && this.#check.replay.isInTransaction) {
      this.#transactionOffset = this.#reader.recordOffset;
      this.#transactionLine = this.#line;
    }
    for (let i = 1; i < view.count; i++) this.#bytes(view.start(i), view.end(i));
  }

  #judge(): void {
    const view = this.#check.understood(this.#view);
    const outcome = this.#check.replay.apply(view);
    switch (outcome.kind) {
      case 'applied':
      case 'in-transaction':
        return;
      case 'unknown':
        return this.#unknown(view);
      case 'arity':
        return this.#found('command-arity', 'certain', `${outcome.command} does not take ${view.count - 1} arguments`);
      case 'not-logged':
        return this.#found('command-not-logged', 'likely', `${outcome.command} changes nothing: no server logs it`);
      case 'error':
        return this.#found(
          'command-error',
          this.#check.certaintyOfReplay(view),
          `${outcome.command} fails (${outcome.text}): a server logs only what succeeded`,
        );
      case 'no-effect':
        return this.#found(
          'command-no-effect',
          'possible',
          'changes nothing: a server logs only what changed something',
        );
    }
  }

  #unknown(view: Request): void {
    const name = view.latin1(0);
    switch (knownElsewhere(name, view.count)) {
      case 'yes':
        return this.#check.countNotReplayed(view);
      case 'wrong-arity':
        return this.#found('command-arity', 'certain', `${name} does not take ${view.count - 1} arguments`);
      case 'no': {
        const isName = /^[A-Za-z][A-Za-z0-9._|-]*$/.test(name);
        const certainty = !isName ? 'certain' : isModuleCommand(name) ? 'possible' : 'likely';
        this.#check.countNotReplayed(view);
        this.#found('command-unknown', certainty, `no command is called ${describeText(name)}`);
      }
    }
  }

  #bytes(start: number, end: number): void {
    const { buffer } = this.#view;
    const suspicion = suspicionOf(buffer, start, end);
    if (suspicion === undefined) return;
    const { kind, at, length } = suspicion;
    const offset = this.#reader.recordOffset + at - this.#view.rawStart;
    const message =
      kind === 'hole'
        ? `${length} zero bytes in the middle of text`
        : `${describeBytes(buffer, at, Math.min(at + length, at + 8))} in the middle of text`;
    this.#found(kind, kind === 'hole' ? 'likely' : 'possible', message, offset);
  }

  #annotation(): void {
    const { buffer, rawStart, rawEnd } = this.#view;
    const time = parseTimestampAnnotation(buffer.subarray(rawStart, rawEnd));
    if (time === undefined) return;
    if (Number.isNaN(time)) this.#strangeTime('likely', 'a time annotation without a time');
    else if (time < this.#lastTimestamp) this.#strangeTime('possible', 'a time before the one that precedes it');
    else this.#lastTimestamp = time;
  }

  #strangeTime(certainty: Certainty, message: string): void {
    const { recordOffset: offset } = this.#reader;
    const command = this.#neighbours.rawAt(offset);
    this.#check.add(
      this.#file,
      { code: 'time', certainty, offset, line: this.#line, message, command },
      this.#neighbours,
    );
  }

  #fault(fault: RecordFault): void {
    this.#check.markGap();
    const isTruncated = fault.code === 'AOF_TRUNCATED';
    const what = isTruncated
      ? 'the file ends inside this record'
      : 'this is no record, and nothing behind it can be read';
    const message = fault.text === undefined ? what : `${what}: ${describeReason(fault.text)}`;
    const { recordOffset: offset } = fault;
    const command = this.#neighbours.rawAt(offset);
    const found = {
      code: isTruncated ? 'truncated' : 'framing',
      certainty: 'certain',
      offset,
      line: this.#line,
    } as const;
    this.#check.add(this.#file, { ...found, message, command }, this.#neighbours);
  }

  #unfinishedTransaction(): void {
    this.#check.replay.abandonTransaction();
    this.#check.markGap();
    this.#check.add(
      this.#file,
      {
        code: 'transaction',
        certainty: 'certain',
        offset: this.#transactionOffset,
        line: this.#transactionLine,
        message: 'a transaction without its EXEC',
        command: 'MULTI',
      },
      new Neighbours(this.#handle),
    );
  }

  #found(code: FindingCode, certainty: Certainty, message: string, offset = this.#reader.recordOffset): void {
    const command = describeRecord(this.#view);
    this.#check.add(this.#file, { code, certainty, offset, line: this.#line, message, command }, this.#neighbours);
  }
}

/** Bytes that a server would have written for this record. */
function plainLength(view: Request): number {
  let length = 3 + digits(view.count);
  for (let i = 0; i < view.count; i++) {
    const size = view.length(i);
    length += 5 + digits(size) + size;
  }
  return length;
}

function digits(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) count++;
  return count;
}

function describeReason(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
