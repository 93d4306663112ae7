/**
 * Stream nodes: some entries in a listpack, with IDs and fields told by what they differ in from the first one.
 *
 *     key    := the master ID, 16 bytes
 *     node   := entries, deleted entries, master fields n, field × n, 0, entry*
 *     entry  := flags (1 deleted, 2 the master's fields), milliseconds and sequence less the master's,
 *               (value × n | fields m, (field value) × m), how many elements came before in this entry
 *
 * Source: Redis t_stream.c.
 */

import { isIntegerText } from '@aof/keyspace';
import type { StreamEntry } from './entries.ts';
import { RdbFault } from './errors.ts';
import type { Blob } from './input.ts';
import type { Latin1Buffer } from './latin1.ts';
import { readListpack } from './listpack.ts';
import { idPlus, splitId } from './stream-id.ts';

const IS_DELETED = 1;
const HAS_MASTER_FIELDS = 2;

/**
 * Appends the entries of a node to `entries`, without deleted ones.
 *
 * @param key where the master ID is, at 0
 * @throws RdbFault with RDB_STRUCTURE
 */
export function readStreamNode(key: Latin1Buffer, node: Blob, entries: StreamEntry[]): void {
  const items: string[] = [];
  readListpack(node, items);
  if (items.length === 0) throw fault('it is empty');
  const count = numberAt(items, 0) + numberAt(items, 1);
  const masterCount = numberAt(items, 2);
  const masterEnd = 3 + masterCount;
  if (items[masterEnd] !== '0') throw fault('its master entry has no end');
  let at = masterEnd + 1;
  for (let left = count; left > 0; left--) {
    const flags = numberAt(items, at);
    const usesMaster = (flags & HAS_MASTER_FIELDS) !== 0;
    const fieldCount = usesMaster ? masterCount : numberAt(items, at + 3);
    const valuesAt = at + (usesMaster ? 3 : 4);
    const end = valuesAt + fieldCount * (usesMaster ? 1 : 2);
    if (end >= items.length || numberAt(items, end) !== end - at) throw fault('an entry is not as long as it says');
    if ((flags & IS_DELETED) === 0) {
      const id = idPlus(key, 0, integerTextAt(items, at + 1), integerTextAt(items, at + 2));
      const fields = usesMaster ? interleave(items, 3, valuesAt, fieldCount) : items.slice(valuesAt, end);
      entries.push({ id, fields });
    }
    at = end + 1;
  }
  if (at !== items.length) throw fault('there is something behind its last entry');
}

function interleave(items: readonly string[], fieldsAt: number, valuesAt: number, count: number): string[] {
  const fields: string[] = [];
  for (let i = 0; i < count; i++) fields.push(items[fieldsAt + i], items[valuesAt + i]);
  return fields;
}

function numberAt(items: readonly string[], at: number): number {
  const count = Number(integerTextAt(items, at));
  if (count < 0 || count > Number.MAX_SAFE_INTEGER) throw fault('a count is out of range');
  return count;
}

function integerTextAt(items: readonly string[], at: number): string {
  const text = items[at] ?? '';
  if (!isIntegerText(text)) throw fault('a number is missing');
  return text;
}

function fault(what: string): RdbFault {
  return new RdbFault('RDB_STRUCTURE', `Stream listpack integrity check failed: ${what}`);
}

/**
 * The elements of the listpack for `entries`, of which there is one at least, in ascending order.
 *
 * @throws RangeError an ID is none, or a field has no value
 */
export function streamNodeItems(entries: readonly StreamEntry[]): string[] {
  const [first] = entries;
  const master = splitId(first.id);
  const names: string[] = [];
  for (let i = 0; i < first.fields.length; i += 2) names.push(first.fields[i]);
  const items = [String(entries.length), '0', String(names.length), ...names, '0'];
  for (const { id, fields } of entries) {
    if (fields.length % 2 !== 0) throw new RangeError(`entry ${id} has a field without a value`);
    const { milliseconds, sequence } = splitId(id);
    const start = items.length;
    const usesMaster = hasFields(fields, names);
    items.push(
      usesMaster ? '2' : '0',
      String(BigInt.asIntN(64, milliseconds - master.milliseconds)),
      String(BigInt.asIntN(64, sequence - master.sequence)),
    );
    if (usesMaster) {
      for (let i = 1; i < fields.length; i += 2) items.push(fields[i]);
    } else {
      items.push(String(fields.length / 2));
      for (const item of fields) items.push(item);
    }
    items.push(String(items.length - start));
  }
  return items;
}

function hasFields(fields: readonly string[], names: readonly string[]): boolean {
  if (fields.length !== 2 * names.length) return false;
  for (let i = 0; i < names.length; i++) if (fields[2 * i] !== names[i]) return false;
  return true;
}
