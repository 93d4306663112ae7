/**
 * The commands around a finding. Of those that have gone by only their places are kept, and read again when they are asked
 * for; those to come are added to the finding as they pass.
 */
import { AofRecordReader, RECORD } from '@aof/aof-files';
import type { DiskFile } from '@aof/disk';
import { type ArgumentsView, describeBytes, describeRecord } from './describe-record.ts';

/** Commands on each side. */
const NEIGHBOURS = 2;
/** As much of a command as is read again. */
const SHOWN_BYTES = 4096;
const RAW_BYTES = 40;

interface Place {
  readonly offset: number;
  readonly length: number;
}

export class Neighbours {
  readonly #file: DiskFile;
  /** The last records, the one at hand included. */
  #places: Place[] = [];
  /** Findings that still want to know what comes behind them, and how many commands. */
  #waiting: { readonly after: string[]; left: number }[] = [];

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** A record goes by. */
  passed(offset: number, view: ArgumentsView & { readonly rawStart: number; readonly rawEnd: number }): void {
    this.#places.push({ offset, length: view.rawEnd - view.rawStart });
    if (this.#places.length > NEIGHBOURS + 1) this.#places.shift();
    if (this.#waiting.length === 0) return;
    const text = describeRecord(view);
    for (const waiting of this.#waiting) {
      waiting.after.push(text);
      waiting.left--;
    }
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
  }

  /** The neighbours of the record at hand; `after` fills up as records go by. */
  around(): { readonly before: readonly string[]; readonly after: readonly string[] } {
    const after: string[] = [];
    this.#waiting.push({ after, left: NEIGHBOURS });
    const before = this.#places.slice(0, -1).map((place) => this.#describe(place));
    return { before, after };
  }

  /** What is at `offset`, where no record can be read. */
  rawAt(offset: number): string {
    // The record at hand is the last good one: it is a neighbour of this.
    this.#places.push({ offset, length: 0 });
    const bytes = this.#read(offset, RAW_BYTES);
    return describeBytes(bytes, 0, bytes.length);
  }

  #describe({ offset, length }: Place): string {
    const bytes = this.#read(offset, Math.min(length, SHOWN_BYTES));
    const reader = new AofRecordReader({ mode: 'check' });
    reader.feed(bytes);
    if (reader.next() === RECORD) return describeRecord(reader.view);
    return describeBytes(bytes, 0, bytes.length);
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.#file.read(bytes, 0, length, offset));
  }
}
