/** Reading an RDB file as an iteration over its entries. */

import type { RdbEntry } from './entries.ts';
import { ENTRY, NEED_MORE, RdbReader, type RdbReaderOptions, STRINGS } from './reader.ts';

/**
 * The entries of the RDB file whose bytes are `chunks`, in the order of the file; the first is its header, the last its end.
 *
 * What follows the RDB part is not looked at: whoever needs it uses an RdbReader.
 *
 * @throws RdbError the input is no RDB file, damaged or cut off
 */
export async function* readRdb(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options?: RdbReaderOptions,
): AsyncGenerator<RdbEntry, void, void> {
  const reader = new RdbReader(options);
  for await (const chunk of chunks) {
    reader.feed(chunk);
    yield* entriesAtHand(reader);
    if (reader.next() !== NEED_MORE) break;
  }
  if (reader.next() === NEED_MORE) reader.end();
  yield* entriesAtHand(reader);
  if (reader.error !== undefined) throw reader.error;
}

/** `readRdb` for bytes that are all there: the iteration is not asynchronous. @throws RdbError */
export function* readRdbSync(
  chunks: Iterable<Uint8Array>,
  options?: RdbReaderOptions,
): Generator<RdbEntry, void, void> {
  const reader = new RdbReader(options);
  for (const chunk of chunks) {
    reader.feed(chunk);
    yield* entriesAtHand(reader);
    if (reader.next() !== NEED_MORE) break;
  }
  if (reader.next() === NEED_MORE) reader.end();
  yield* entriesAtHand(reader);
  if (reader.error !== undefined) throw reader.error;
}

/** The entries up to where more input is needed, or to the end. */
function* entriesAtHand(reader: RdbReader): Generator<RdbEntry, void, void> {
  for (;;) {
    const status = reader.next();
    if (status === ENTRY && reader.entry !== undefined) yield reader.entry;
    else if (status !== STRINGS) return;
  }
}
