/**
 * A file of records in which commands get the names by which a certain server loads them (`rename-command`); what is written to
 * it has their own.
 *
 * Invariants: records are whole in the file once the last byte of them was written here; memory is the longest record.
 */
import { ANNOTATION, AofRecordReader, RECORD, writeWhole } from '@aof/aof-files';
import type { DiskFile } from '@aof/disk';
import { encodeCommand, Request } from '@aof/resp-codec';
import type { CommandNames } from './command-names.ts';
import { RestoreError } from './restore-error.ts';

export class RenamedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #names: CommandNames;
  readonly #view = new Request();
  readonly #reader = new AofRecordReader({ mode: 'check', view: this.#view });

  /** @param file empty and open for writing; closed with this one */
  constructor(file: DiskFile, names: CommandNames) {
    this.#file = file;
    this.#names = names;
  }

  get path(): string {
    return this.#file.path;
  }

  size(): number {
    return this.#file.size();
  }

  /** @throws RestoreError RESTORE_NO_NAME; DiskError, and then the file is of no use */
  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    // The reader keeps what it is given until a record is whole.
    this.#reader.feed(new Uint8Array(bytes.subarray(offset, offset + length)));
    let status = this.#reader.next();
    for (; status === RECORD || status === ANNOTATION; status = this.#reader.next()) this.#pass(status === RECORD);
    if (this.#reader.fault !== undefined) throw new Error('bug: what is written are not records');
    return length;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.#file.read(into, offset, length, position);
  }

  readAsync(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.#file.readAsync(into, offset, length, position);
  }

  truncate(size: number): void {
    this.#file.truncate(size);
  }

  dataSync(): Promise<void> {
    return this.#file.dataSync();
  }

  dataSyncNow(): void {
    this.#file.dataSyncNow();
  }

  syncNow(): void {
    this.#file.syncNow();
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  #pass(isRecord: boolean): void {
    const view = this.#view;
    const { buffer, rawStart, rawEnd, count } = view;
    const own = isRecord ? view.latin1(0) : '';
    const name = this.#names.written(own);
    if (name === own) return writeWhole(this.#file, buffer.subarray(rawStart, rawEnd));
    if (name === '') throw withoutName(own);
    const rest = Array.from({ length: count - 1 }, (_, i) => view.bytes(i + 1));
    writeWhole(this.#file, encodeCommand([name, ...rest]));
  }
}

function withoutName(own: string): RestoreError {
  const message = `The configuration leaves ${own} no name (rename-command ${own} ""), so that no Redis with it loads this data as records`;
  const hint =
    'An RDB base names no commands: --to redis-7.0 (convert) or --target redis-7.0 (restore). For another server leave out --config, if the log can be read without it.';
  return new RestoreError('RESTORE_NO_NAME', message, { hint });
}
