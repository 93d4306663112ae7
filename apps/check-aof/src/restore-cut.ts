/**
 * Where a restored log ends: looks through the events of a log once, and finds the place before which everything is kept.
 *
 * What is kept or left out is a unit: a command, or a transaction as a whole. A unit's time is the last `#TS:` annotation before
 * its end, that is, before its EXEC. Annotations belong to the unit behind them.
 *
 * Invariants: the place is where a unit ends, or where a file or its RDB part does; nothing behind a damage is counted on; memory is
 * bounded by what `LeftOut` shows.
 */

import { DiskError } from '@aof/disk';
import type { AnnotationEvent, CommandEvent, EntryEvent, FileEndEvent, LogEvent, LogFault } from '@aof/log-reader';
import { isNamed } from './command-names.ts';
import { isUnknownName } from './record-keys.ts';
import { RestoreError } from './restore-error.ts';
import { isMarker, LeftOut } from './restore-left-out.ts';
import { timeText } from './restore-time.ts';

/** What the log is to be cut before. */
export type Cut =
  /** Nothing: all of it is kept. */
  | { readonly kind: 'end' }
  /** What was executed after this second, since the Unix epoch. */
  | { readonly kind: 'at'; readonly seconds: number }
  /** The `nth` command, from 1, that begins with these words (lower case), or the last one. */
  | { readonly kind: 'before'; readonly words: readonly string[]; readonly nth: number | undefined }
  /** What ends behind an offset of a file; without a name, of the last one. */
  | { readonly kind: 'offset'; readonly file: string | undefined; readonly offset: number };

export interface CutPlace {
  /** In the order of loading. */
  readonly fileIndex: number;
  readonly fileOffset: number;
}

/** The times that a log bears, seconds since the Unix epoch. */
export interface LogTimes {
  /** When the data set that it begins with was written, if that is known. */
  readonly baseSeconds: number | undefined;
  readonly firstSeconds: number | undefined;
  readonly lastSeconds: number | undefined;
  /** How often the clock went back. */
  readonly stepsBack: number;
}

export interface FoundCut {
  readonly place: CutPlace;
  readonly keptCommands: number;
  /** The time of the last command that is kept. */
  readonly keptUntilSeconds: number | undefined;
  readonly leftOut: LeftOut;
  readonly times: LogTimes;
  /** A damage behind the place, or one that was the place. */
  readonly fault: LogFault | undefined;
  /** What the last file ends with and a server would cut off: half a record, half a transaction. */
  readonly tail: LogFault | undefined;
}

export interface CutFinderOptions {
  readonly cut: Cut;
  readonly files: readonly { readonly name: string }[];
  /** Names of files beside them, from before a rewrite: what is no longer in the log may be in these. */
  readonly olderFiles: readonly string[];
  /** A damage is where the log ends. */
  readonly isUpToDamage: boolean;
  /** What to do where commands are not known. */
  readonly hint: string | undefined;
}

const TAILS: ReadonlySet<string> = new Set(['AOF_TRUNCATED', 'AOF_UNFINISHED_TRANSACTION']);

export class CutFinder {
  readonly #cut: Cut;
  readonly #isUpToDamage: boolean;
  readonly #files: CutFinderOptions['files'];
  readonly #olderFiles: readonly string[];
  readonly #hint: string | undefined;
  #hasUnknownName = false;
  #fileIndex = -1;
  /** End of the last whole unit of the file. */
  #unitStart = 0;
  #matchesInUnit = 0;
  #commandsInUnit = 0;
  #matches = 0;
  #place: CutPlace | undefined;
  #kept = 0;
  #keptBeforePlace = 0;
  #keptUntil: number | undefined;
  #keptUntilBeforePlace: number | undefined;
  readonly #leftOut = new LeftOut();
  /** Units, those of a base apart, that were met before the first annotation. */
  #untimed = 0;
  #baseSeconds: number | undefined;
  #now: number | undefined;
  #first: number | undefined;
  #last: number | undefined;
  #stepsBack = 0;
  #fault: LogFault | undefined;
  #tail: LogFault | undefined;

  /** @throws RestoreError RESTORE_BAD_OFFSET there is no such file */
  constructor({ cut, files, olderFiles, isUpToDamage, hint }: CutFinderOptions) {
    this.#hint = hint;
    this.#cut = cut;
    this.#files = files;
    this.#olderFiles = olderFiles;
    this.#isUpToDamage = isUpToDamage;
    if (cut.kind === 'offset' && this.#targetIndex(cut) < 0) {
      const message = `The log has no file ${cut.file}; it has ${files.map(({ name }) => name).join(', ')}`;
      throw new RestoreError('RESTORE_BAD_OFFSET', message);
    }
  }

  /**
   * Takes the next event.
   * @returns false if nothing behind it matters any more
   * @throws RestoreError; DiskError
   */
  take(event: LogEvent): boolean {
    switch (event.kind) {
      case 'file-begin':
        this.#fileIndex++;
        this.#unitStart = 0;
        this.#resetUnit();
        return true;
      case 'entry':
        this.#takeEntry(event);
        return true;
      case 'annotation':
        this.#takeAnnotation(event);
        return true;
      case 'command':
        this.#takeCommand(event);
        return true;
      case 'file-end':
        return this.#takeFileEnd(event);
    }
  }

  /** Behind the last event. @throws RestoreError */
  finish(): FoundCut {
    const place = this.#place ?? this.#placeAtEnd();
    const isCut = this.#place !== undefined;
    if (this.#cut.kind === 'at') this.#assertTimed(this.#cut.seconds, isCut);
    return {
      place,
      keptCommands: isCut ? this.#keptBeforePlace : this.#kept,
      keptUntilSeconds: isCut ? this.#keptUntilBeforePlace : this.#keptUntil,
      leftOut: this.#leftOut,
      times: {
        baseSeconds: this.#baseSeconds,
        firstSeconds: this.#first,
        lastSeconds: this.#last,
        stepsBack: this.#stepsBack,
      },
      fault: this.#fault,
      tail: this.#tail,
    };
  }

  #takeEntry({ endOffset, atSeconds, entry }: EntryEvent): void {
    this.#unitStart = endOffset;
    if (this.#fileIndex === 0) this.#baseSeconds = atSeconds ?? this.#baseSeconds;
    const cut = this.#cut;
    if (entry.kind !== 'end') return;
    const { at, isTooEarly } = this.#asked();
    if (isTooEarly) throw this.#timeGone(at);
    if (cut.kind !== 'offset' || this.#place !== undefined || !this.#isBehindOffset(cut, endOffset)) return;
    if (cut.offset > 0) {
      const { name } = this.#files[this.#fileIndex] ?? { name: '' };
      const message = `Offset ${cut.offset} of ${name} is inside its RDB part, which holds no commands; they begin at ${endOffset}`;
      throw new RestoreError('RESTORE_BAD_OFFSET', message);
    }
    this.#setPlace(0);
  }

  #takeAnnotation({ seconds, fileOffset }: AnnotationEvent): void {
    if (seconds === undefined || Number.isNaN(seconds)) return;
    // A rewrite begins a base of records with its time, and so does a server its first log.
    if (this.#fileIndex === 0 && fileOffset === 0) {
      this.#baseSeconds = seconds;
      const { at, isTooEarly } = this.#asked();
      if (isTooEarly) throw this.#timeGone(at);
    }
    if (this.#now !== undefined && seconds < this.#now) this.#stepsBack++;
    this.#now = seconds;
    this.#first ??= seconds;
    this.#last = Math.max(seconds, this.#last ?? seconds);
  }

  #asked(): { readonly at: number; readonly isTooEarly: boolean } {
    const at = this.#cut.kind === 'at' ? this.#cut.seconds : Number.POSITIVE_INFINITY;
    return { at, isTooEarly: this.#baseSeconds !== undefined && this.#baseSeconds > at };
  }

  #takeCommand(event: CommandEvent): void {
    const { request, transaction, endOffset } = event;
    if (this.#cut.kind === 'before') {
      if (isCalled(event, this.#cut.words)) this.#matchesInUnit++;
      else this.#hasUnknownName ||= this.#hint !== undefined && isUnknownName(request);
    }
    if (!isMarker(request)) this.#commandsInUnit++;
    const isUnitEnd = transaction === undefined || transaction.state !== 'open';
    // Whether a transaction is left out is known at its end.
    const isOpen = transaction !== undefined || this.#matchesInUnit > 0;
    if (isOpen || this.#place !== undefined || this.#isLate(endOffset)) this.#leftOut.hold(event, isOpen);
    if (!isUnitEnd) return;
    this.#endUnit(event);
    this.#unitStart = endOffset;
    this.#resetUnit();
  }

  /** A command that ends here is behind what --at or --before-offset ask for. */
  #isLate(endOffset: number): boolean {
    const cut = this.#cut;
    if (cut.kind === 'offset') return this.#isBehindOffset(cut, endOffset);
    return cut.kind === 'at' && this.#now !== undefined && this.#now > cut.seconds;
  }

  #endUnit(event: CommandEvent): void {
    const { isCut, isLater } = this.#isCutHere(event);
    if (isCut && (this.#place === undefined || isLater)) {
      this.#setPlace(this.#unitStart);
      this.#leftOut.clear();
    }
    if (this.#place === undefined) this.#leftOut.release();
    else this.#leftOut.takeHeld();
    this.#kept += this.#commandsInUnit;
    if (this.#now === undefined) {
      if (this.#fileIndex > 0 || event.file.role !== 'base') this.#untimed++;
    } else this.#keptUntil = this.#now;
  }

  #setPlace(fileOffset: number): void {
    this.#place = { fileIndex: this.#fileIndex, fileOffset };
    this.#keptBeforePlace = this.#kept;
    this.#keptUntilBeforePlace = this.#keptUntil;
  }

  /** Whether the unit that ends now is one that the log is cut before. `isLater`: in place of an earlier one. */
  #isCutHere({ endOffset }: CommandEvent): { readonly isCut: boolean; readonly isLater: boolean } {
    const cut = this.#cut;
    switch (cut.kind) {
      case 'end':
        return { isCut: false, isLater: false };
      case 'at':
      case 'offset':
        return { isCut: this.#isLate(endOffset), isLater: false };
      case 'before': {
        const before = this.#matches;
        this.#matches += this.#matchesInUnit;
        if (cut.nth === undefined) return { isCut: this.#matchesInUnit > 0, isLater: true };
        return { isCut: before < cut.nth && this.#matches >= cut.nth, isLater: false };
      }
    }
  }

  #isBehindOffset(cut: { readonly file: string | undefined; readonly offset: number }, endOffset: number): boolean {
    const target = this.#targetIndex(cut);
    return this.#fileIndex > target || (this.#fileIndex === target && endOffset > cut.offset);
  }

  #resetUnit(): void {
    this.#matchesInUnit = 0;
    this.#commandsInUnit = 0;
    this.#leftOut.release();
  }

  #takeFileEnd({ fault, goodEndOffset, isLast }: FileEndEvent): boolean {
    this.#resetUnit();
    this.#unitStart = goodEndOffset;
    const cut = this.#cut;
    const isTail = fault !== undefined && isLast && TAILS.has(fault.code);
    if (cut.kind === 'offset' && this.#place === undefined && (fault === undefined || isTail)) {
      if (this.#fileIndex === this.#targetIndex(cut)) {
        this.#checkOffset(cut.offset, isTail ? Number.POSITIVE_INFINITY : goodEndOffset);
        this.#setPlace(goodEndOffset);
      }
    }
    if (fault === undefined) return true;
    if (fault.cause instanceof DiskError) throw fault.cause;
    if (isTail) {
      this.#tail = fault;
      return true;
    }
    const isDecided = this.#place !== undefined && !(cut.kind === 'before' && cut.nth === undefined);
    if (!isDecided && (!this.#isUpToDamage || fault.code === 'AOF_RDB_PART')) throw damaged(fault, this.#place);
    this.#fault = fault;
    return false;
  }

  #checkOffset(offset: number, bytes: number): void {
    if (offset <= bytes) return;
    const name = this.#files[this.#fileIndex]?.name ?? '';
    const message = `${name} has ${bytes} bytes; there is nothing at offset ${offset}`;
    throw new RestoreError('RESTORE_BAD_OFFSET', message, { hint: 'Without a cut, all of the log is restored.' });
  }

  #targetIndex({ file }: { readonly file: string | undefined }): number {
    return file === undefined ? this.#files.length - 1 : this.#files.findIndex(({ name }) => name === file);
  }

  #placeAtEnd(): CutPlace {
    const cut = this.#cut;
    if (cut.kind === 'before') throw this.#noSuchCommand(cut.words.join(' ').toUpperCase(), cut.nth);
    return { fileIndex: Math.max(0, this.#fileIndex), fileOffset: this.#unitStart };
  }

  /** A moment can be found only between commands whose times are known. @param isCut something is later than the moment */
  #assertTimed(at: number, isCut: boolean): void {
    if (this.#first === undefined) {
      if (this.#kept === 0 && this.#baseSeconds !== undefined) return;
      throw new RestoreError('RESTORE_NO_TIMES', 'Nothing in this log bears a time, so that --at cannot be found', {
        hint: 'Times are written from CONFIG SET aof-timestamp-enabled yes on. For this log use --before or --before-offset.',
      });
    }
    if (!isCut || at >= this.#first) return;
    // Everything that is kept was executed before the first time; whether before --at is not known.
    const isBaseKnown = this.#baseSeconds !== undefined && this.#baseSeconds <= at;
    if (isBaseKnown && this.#untimed === 0) return;
    throw this.#timeUnknown(at, this.#first);
  }

  #timeUnknown(at: number, first: number): RestoreError {
    const { fileIndex, fileOffset } = this.#place ?? { fileIndex: 0, fileOffset: 0 };
    const what =
      this.#untimed > 0 ? `${this.#untimed} commands before it bear no time` : 'what is before it bears none';
    const name = this.#files[fileIndex]?.name;
    // A server writes a second once: commands of the second of a rewrite have their time in the file before, which is gone.
    const orElse =
      this.#baseSeconds === undefined || this.#untimed === 0
        ? ''
        : ` If times were written already when the log was rewritten, at ${timeText(this.#baseSeconds)}, those commands are of that second: --before-offset ${fileOffset} --file ${name}.`;
    return new RestoreError(
      'RESTORE_TIME_UNKNOWN',
      `The first time in this log is ${timeText(first)}, and ${what}: how the data set was at ${timeText(at)} is not known`,
      { hint: `Still there: ${timeText(first)} to ${timeText(this.#last ?? first)}.${orElse}` },
    );
  }

  #timeGone(at: number): RestoreError {
    const base = timeText(this.#baseSeconds ?? 0);
    return new RestoreError(
      'RESTORE_TIME_GONE',
      `This log begins with the data set as it was at ${base}, when it was rewritten last: how it was at ${timeText(at)} is no longer in it`,
      {
        hint: `Still there: ${base} and everything since. ${this.#whereOlder()}`,
      },
    );
  }

  #whereOlder(): string {
    if (this.#olderFiles.length === 0)
      return 'For what was before, look for a copy of the files from before the rewrite.';
    return `What was before may be in files that are still there, until a server starts: ${this.#olderFiles.join(', ')}. Copy them away now.`;
  }

  #noSuchCommand(name: string, nth: number | undefined): RestoreError {
    const found =
      this.#matches === 0
        ? `There is no ${name} in this log`
        : `There are only ${this.#matches} ${name} in this log, not ${nth}`;
    const since =
      this.#baseSeconds === undefined
        ? ''
        : `, which begins with the data set as it was at ${timeText(this.#baseSeconds)}`;
    const renamed = this.#hasUnknownName && this.#hint ? ` There are commands that are not known; ${this.#hint}.` : '';
    const hint = `A rewrite lets go of the commands before it. ${this.#whereOlder()}${renamed}`;
    return new RestoreError('RESTORE_NO_SUCH_COMMAND', found + since, this.#matches === 0 ? { hint } : {});
  }
}

/** Whether a command begins with these words, any case. */
function isCalled({ request }: CommandEvent, words: readonly string[]): boolean {
  const isWord = (word: string, i: number): boolean => (i === 0 ? isNamed(request, word) : request.is(i, word));
  return request.count >= words.length && words.every(isWord);
}

function damaged(fault: LogFault, candidate: CutPlace | undefined): RestoreError {
  const { path, fileOffset, message, code } = fault;
  const orElse = code === 'AOF_RDB_PART' ? '' : ', or restore what is before the damage with --up-to-damage';
  const nth =
    candidate === undefined ? '' : ' (Which one is the last cannot be known: there may be more behind the damage.)';
  return new RestoreError('RESTORE_DAMAGED', `The log is damaged: ${message}.${nth}`, {
    path,
    fileOffset,
    cause: fault,
    hint: `Repair a copy of it first: check-aof repair${orElse}.`,
  });
}
