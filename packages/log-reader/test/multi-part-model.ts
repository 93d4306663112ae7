/**
 * A server of the multi-part layout, as far as a follower can see it: files, the manifest, crashes, and a log that is switched off for a while.
 *
 * Invariant: `commands` is everything that is in the data set of the server; the log holds those behind the cut of its base, but
 * for what is not flushed yet.
 */
import type { SimDisk } from '@aof/disk';
import { writeRdbSync } from '@aof/rdb';
import { append, FOLDER, multiPartLog, put, records } from './logs.ts';

const EMPTY_BASE = Buffer.concat([...writeRdbSync([], { target: 'redis-7.0', origin: { createdSec: 1 } })]);

export class MultiPartModel {
  readonly disk: SimDisk;
  commands: string[] = [];
  /** How many commands were executed before the cut of the present base. */
  cut = 0;
  #base = 1;
  #incrs = [1];
  #rewriteCut: number | undefined;
  #selected: string | undefined;
  #buffer = Buffer.alloc(0);
  /** Of the commands in the present incr file or in the buffer: where each ends in the file. */
  #ends: number[] = [];

  constructor() {
    this.disk = multiPartLog({ 'a.aof.1.base.rdb': EMPTY_BASE, 'a.aof.1.incr.aof': Buffer.alloc(0) });
  }

  execute(database: string, keys: readonly string[], value: string): void {
    const lines = keys.map((key) => `SET ${key} ${value}`);
    if (database !== this.#selected) lines.unshift(`SELECT ${database}`);
    this.#selected = database;
    if (keys.length > 1) lines.unshift('MULTI');
    if (keys.length > 1) lines.push('EXEC');
    this.#buffer = Buffer.concat([this.#buffer, records(...lines)]);
    this.#ends.push(this.#size() + this.#buffer.length);
    this.commands.push(keys.map((key) => `${database}:SET ${key} ${value}`).join('+'));
  }

  flush(bytes = this.#buffer.length): void {
    append(this.disk, this.#path(), this.#buffer.subarray(0, bytes));
    this.#buffer = this.#buffer.subarray(bytes);
  }

  /** What was not whole on disk is gone; the server starts again and cuts half a command off. */
  crash(): void {
    const size = this.#size();
    const kept = this.#ends.filter((end) => end <= size);
    this.commands.length -= this.#ends.length - kept.length;
    this.#ends = kept;
    const file = this.disk.open(this.#path(), 'append');
    file.truncate(kept.at(-1) ?? 0);
    file.close();
    this.#buffer = Buffer.alloc(0);
    this.#selected = undefined;
    this.#rewriteCut = undefined;
  }

  beginRewrite(): void {
    if (this.#rewriteCut !== undefined) return;
    this.flush();
    this.#nextIncr();
    this.#writeManifest();
    this.#rewriteCut = this.commands.length;
  }

  /** The incr file that was begun stays. */
  failRewrite(): void {
    this.#rewriteCut = undefined;
  }

  finishRewrite(): void {
    if (this.#rewriteCut === undefined) return;
    this.#newBase(this.#rewriteCut);
    this.#rewriteCut = undefined;
  }

  /** CONFIG SET appendonly no, commands, and yes: what is executed in between is in the new base alone. */
  switchOffAndOn(missed: number): void {
    this.flush();
    this.#rewriteCut = undefined;
    for (let i = 0; i < missed; i++) this.commands.push('missed');
    this.#nextIncr();
    this.#newBase(this.commands.length);
  }

  #nextIncr(): void {
    this.#incrs.push((this.#incrs.at(-1) ?? 0) + 1);
    put(this.disk, this.#path(), new Uint8Array(0));
    [this.#selected, this.#ends] = [undefined, []];
  }

  #newBase(cut: number): void {
    const old = [`a.aof.${this.#base}.base.rdb`, ...this.#incrs.slice(0, -1).map((incr) => `a.aof.${incr}.incr.aof`)];
    this.#base++;
    this.#incrs = this.#incrs.slice(-1);
    put(this.disk, `${FOLDER}/a.aof.${this.#base}.base.rdb`, EMPTY_BASE);
    this.#writeManifest();
    for (const name of old) this.disk.unlink(`${FOLDER}/${name}`);
    this.cut = cut;
  }

  #writeManifest(): void {
    const incrs = this.#incrs.map((incr) => `file a.aof.${incr}.incr.aof seq ${incr} type i\n`);
    const lines = [`file a.aof.${this.#base}.base.rdb seq ${this.#base} type b\n`, ...incrs];
    put(this.disk, `${FOLDER}/temp-appendonly.aof.manifest`, Buffer.from(lines.join('')));
    this.disk.rename(`${FOLDER}/temp-appendonly.aof.manifest`, `${FOLDER}/appendonly.aof.manifest`);
  }

  #path(): string {
    return `${FOLDER}/a.aof.${this.#incrs.at(-1)}.incr.aof`;
  }

  #size(): number {
    return this.disk.status(this.#path())?.size ?? 0;
  }
}
