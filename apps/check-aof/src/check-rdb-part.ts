/**
 * The RDB part of a file as redis-check-rdb reports it, line by line while it is read.
 *
 * Memory is bounded: values come in parts. Source: redis-check-rdb.c.
 */

import type { DiskFile } from '@aof/disk';
import { fileChunks } from '@aof/log-reader';
import {
  END,
  ENTRY,
  NEED_MORE,
  type RdbEmptyKeyEntry,
  type RdbEntry,
  type RdbError,
  RdbReader,
  type RdbStep,
  type ReadStatus,
} from '@aof/rdb';
import { type LogStamp, logLine, type Output } from './output.ts';
import { type RdbReport, reportOf, typeText } from './rdb-report.ts';

/** Elements of a value that are in memory at once. */
const PART_ELEMENTS = 4096;
/** From this version on a file has a checksum. */
const CHECKSUM_SINCE = 5;

/** `ok`: good up to `endOffset`. `failed`: damaged. `given-up`: damaged inside a value, where Redis's tool ends on the spot. */
export type RdbPartVerdict =
  | { readonly state: 'ok'; readonly endOffset: number }
  | { readonly state: 'failed' | 'given-up' };

export interface RdbCheckOptions {
  readonly file: DiskFile;
  /** How messages call the file, a character per byte. */
  readonly name: string;
  readonly output: Output;
  readonly stamp: LogStamp;
  readonly progress: (fileOffset: number) => void;
}

/** Reads the RDB part at the beginning of `file` and says what is in it. @throws DiskError */
export async function checkRdbPart(options: RdbCheckOptions): Promise<RdbPartVerdict> {
  return new RdbCheck(options).run();
}

class RdbCheck {
  readonly #options: RdbCheckOptions;
  readonly #reader = new RdbReader({ partElements: PART_ELEMENTS, findsDuplicates: true });
  readonly #startedAtMs: number;
  #emptyKey: RdbEmptyKeyEntry | undefined;
  #keys = 0;
  #expires = 0;
  #expired = 0;

  constructor(options: RdbCheckOptions) {
    this.#options = options;
    this.#startedAtMs = options.stamp.nowMs();
  }

  async run(): Promise<RdbPartVerdict> {
    const { file, name, progress } = this.#options;
    this.#line(0, `Checking RDB file ${name}`);
    let status: ReadStatus = NEED_MORE;
    for await (const chunk of fileChunks(file, 0)) {
      this.#reader.feed(chunk);
      status = this.#readAll();
      progress(this.#reader.endOffset);
      if (status !== NEED_MORE) break;
    }
    if (status === NEED_MORE) {
      this.#reader.end();
      status = this.#readAll();
    }
    if (this.#emptyKey !== undefined) {
      // A server passes over it, redis-check-rdb takes it for the end of the file.
      const fileOffset = this.#reader.endOffset;
      const report = { fileOffset, reason: 'Unexpected EOF reading RDB file', endsOnTheSpot: false };
      return this.#report(report, { ...this.#emptyKey, doing: 'read-object-value' });
    }
    if (status !== END && this.#reader.error !== undefined) return this.#failed(this.#reader.error);
    this.#line(this.#reader.endOffset, '\\o/ RDB looks OK! \\o/');
    this.#counts();
    return { state: 'ok', endOffset: this.#reader.endOffset };
  }

  #readAll(): ReadStatus {
    for (;;) {
      const status = this.#reader.next();
      if (status !== ENTRY) return status;
      if (this.#reader.entry !== undefined) this.#entry(this.#reader.entry);
      if (this.#emptyKey !== undefined) return status;
    }
  }

  #entry(entry: RdbEntry): void {
    const { endOffset } = this.#reader;
    switch (entry.kind) {
      case 'aux':
        return this.#line(endOffset, `AUX FIELD ${untilNul(entry.key)} = '${untilNul(entry.value)}'`);
      case 'select':
        return this.#line(endOffset, `Selecting DB ID ${entry.database}`);
      case 'key':
        if (entry.isLast) this.#key(entry.expireAtMs);
        return;
      case 'empty-key':
        this.#emptyKey = entry;
        return;
      case 'module-skipped':
        if (entry.key === undefined) this.#line(endOffset, `MODULE AUX for: ${entry.moduleType}`);
        else this.#key(-1);
        return;
      case 'end':
        if (entry.checksum === 'ok') this.#line(endOffset, 'Checksum OK');
        else if (this.#reader.version >= CHECKSUM_SINCE) {
          this.#line(endOffset, 'RDB file was saved with checksum disabled: no check performed.');
        }
        return;
    }
  }

  #key(expireAtMs: number): void {
    this.#keys++;
    if (expireAtMs === -1) return;
    this.#expires++;
    if (expireAtMs < this.#startedAtMs) this.#expired++;
  }

  #failed(error: RdbError): RdbPartVerdict {
    const report = reportOf(error, this.#options.file, this.#reader.endOffset);
    return this.#report(report, error);
  }

  #report(
    report: RdbReport,
    { doing, key, encoding }: { doing: RdbStep; key?: string | undefined; encoding?: string | undefined },
  ): RdbPartVerdict {
    const { output, stamp } = this.#options;
    const type = typeText(encoding, this.#keys === 0);
    if (key !== undefined) this.#keys++;
    output.write('--- RDB ERROR DETECTED ---\n');
    this.#line(report.fileOffset, report.reason);
    output.write(`[additional info] While doing: ${doing}\n`);
    if (key !== undefined) output.write(`[additional info] Reading key '${untilNul(key)}'\n`);
    if (type !== undefined) output.write(`[additional info] Reading type ${type}\n`);
    this.#counts();
    if (!report.endsOnTheSpot) return { state: 'failed' };
    output.write(logLine(stamp, 'Terminating server after rdb file reading failure.'));
    return { state: 'given-up' };
  }

  #counts(): void {
    const { output } = this.#options;
    output.write(`[info] ${this.#keys} keys read\n`);
    output.write(`[info] ${this.#expires} expires\n`);
    output.write(`[info] ${this.#expired} already expired\n`);
  }

  #line(fileOffset: number, text: string): void {
    this.#options.output.write(`[offset ${fileOffset}] ${text}\n`);
  }
}

function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}
