/** Writing an RDB file from an iteration over entries: those of `readRdb`, or the caller's own. */

import type { RdbEntry, RdbKeyEntry, RdbKeyHead, RdbValue } from './entries.ts';
import { type RdbOrigin, RdbWriter, type RdbWriterOptions } from './writer.ts';

/** What can be written: entries as they are read, or with less. */
export type WritableEntry =
  | Exclude<RdbEntry, RdbKeyEntry>
  | ({ readonly kind: 'key'; readonly isLast?: boolean; readonly part?: number } & RdbKeyHead & RdbValue);

export interface WriteRdbOptions extends RdbWriterOptions {
  readonly origin: RdbOrigin;
}

/** Chunks of at least this size are handed out. */
const HANDED_OUT_BYTES = 64 * 1024;
/** What `RdbWriter.begin` writes: a copied file tells its own origin. */
const ORIGIN_FIELDS: ReadonlySet<string> = new Set([
  'redis-ver',
  'valkey-ver',
  'redis-bits',
  'ctime',
  'used-mem',
  'aof-preamble',
  'aof-base',
]);

/**
 * The bytes of an RDB file with `entries`. Headers, ends, hints about slots and the fields about a file's origin are not copied.
 *
 * @throws RangeError an entry is only a part of a value
 */
export async function* writeRdb(
  entries: AsyncIterable<WritableEntry> | Iterable<WritableEntry>,
  options: WriteRdbOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const writer = new RdbWriter(options);
  writer.begin(options.origin);
  for await (const entry of entries) {
    writeEntry(writer, entry);
    if (writer.pendingBytes >= HANDED_OUT_BYTES) yield* writer.take();
  }
  writer.end();
  yield* writer.take();
}

/** `writeRdb` where nothing has to be waited for. */
export function* writeRdbSync(
  entries: Iterable<WritableEntry>,
  options: WriteRdbOptions,
): Generator<Uint8Array, void, void> {
  const writer = new RdbWriter(options);
  writer.begin(options.origin);
  for (const entry of entries) {
    writeEntry(writer, entry);
    if (writer.pendingBytes >= HANDED_OUT_BYTES) yield* writer.take();
  }
  writer.end();
  yield* writer.take();
}

/** Writes one entry. @throws RangeError it is only a part of a value */
export function writeEntry(writer: RdbWriter, entry: WritableEntry): void {
  switch (entry.kind) {
    case 'key':
      if (entry.isLast === false || (entry.part ?? 0) > 0) {
        throw new RangeError('a part of a value cannot be written: read without partElements, or use RdbWriter');
      }
      return writer.key(entry);
    case 'aux':
      return ORIGIN_FIELDS.has(entry.key) ? undefined : writer.aux(entry.key, entry.value);
    case 'function':
      return writer.function(entry.code);
    case 'resize':
      return writer.resize(entry.database, entry.keys, entry.expiringKeys);
    case 'module-skipped':
      return writer.lose('module', entry);
    case 'key-skipped':
      return writer.lose('key', entry);
    case 'slot-import':
      return writer.lose('slot-import');
    case 'header':
    case 'select':
    case 'slot-info':
    case 'empty-key':
    case 'end':
      return;
  }
}
