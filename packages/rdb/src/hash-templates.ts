/**
 * Hashes that share their field names through a template (Redis 8.10).
 *
 *     template := ID, fields, name*                      an opcode's; all before the first key that refers to it
 *     hash     := values in a listpack behind a number   that is the template's ID, if the hash refers to one
 *               | ID, value*                             as many as the template has names
 *     names    := 0 listpack | 1 fields name*            stand before the values where a hash brings its own
 *
 * Invariant: names are in strictly ascending order, by length and then by bytes; so none comes twice.
 *
 * Source: Redis's tests of hash templates (RESTORE and RDB of malformed templates), librdb's release notes for version 15.
 */

import { awaitBlob, awaitLength, awaitText, awaitWideLength, type Reading } from './awaiting.ts';
import type { HashField } from './entries.ts';
import { RdbFault } from './errors.ts';
import {
  TYPE_HASH_TEMPLATE_ARRAY,
  TYPE_HASH_TEMPLATE_ARRAY_REF,
  TYPE_HASH_TEMPLATE_LISTPACK,
  TYPE_HASH_TEMPLATE_LISTPACK_REF,
} from './format.ts';
import type { RdbInput } from './input.ts';
import { readListpack } from './listpack.ts';

/** The templates of a file by their IDs. */
export type HashTemplates = Map<bigint, readonly string[]>;

const NAMES_IN_LISTPACK = 0;
const NAMES_ONE_BY_ONE = 1;

export function isTemplateHash(type: number): boolean {
  return type >= TYPE_HASH_TEMPLATE_LISTPACK && type <= TYPE_HASH_TEMPLATE_ARRAY_REF;
}

/** Whether the type means something only in a file, which has templates. */
export function needsTemplate(type: number): boolean {
  return type === TYPE_HASH_TEMPLATE_LISTPACK_REF || type === TYPE_HASH_TEMPLATE_ARRAY_REF;
}

/** Reads what stands behind the opcode of a template. @throws RdbFault */
export function* readTemplate(input: RdbInput, templates: HashTemplates): Reading<void> {
  const id = input.wideLength() ?? (yield* awaitWideLength(input));
  const names = yield* readNames(input);
  if (templates.has(id)) throw new RdbFault('RDB_DUPLICATE', `Duplicate hash template ID ${id}`);
  templates.set(id, names);
}

/** Reads a hash of one of the four types. @throws RdbFault */
export function* readTemplateHash(input: RdbInput, type: number, templates: HashTemplates): Reading<HashField[]> {
  switch (type) {
    case TYPE_HASH_TEMPLATE_LISTPACK: {
      const names = yield* readOwnNames(input);
      return fieldsOf(names, yield* readPackedValues(input));
    }
    case TYPE_HASH_TEMPLATE_LISTPACK_REF: {
      const values = yield* readPackedValues(input);
      return fieldsOf(templateOf(templates, BigInt(values[0])), values);
    }
    case TYPE_HASH_TEMPLATE_ARRAY:
      return yield* readValues(input, yield* readOwnNames(input));
    default: {
      const id = input.wideLength() ?? (yield* awaitWideLength(input));
      return yield* readValues(input, templateOf(templates, id));
    }
  }
}

function templateOf(templates: HashTemplates, id: bigint): readonly string[] {
  const names = templates.get(id);
  if (names === undefined) throw new RdbFault('RDB_STRUCTURE', `Invalid hash template ID ${id}`);
  return names;
}

function* readOwnNames(input: RdbInput): Reading<readonly string[]> {
  const form = input.length() ?? (yield* awaitLength(input));
  if (form === NAMES_ONE_BY_ONE) return yield* readNames(input);
  if (form !== NAMES_IN_LISTPACK) throw new RdbFault('RDB_STRUCTURE', `Hash template fields have no form ${form}`);
  const names: string[] = [];
  readListpack(input.blob() ?? (yield* awaitBlob(input)), names);
  if (names.length === 0) throw withoutFields();
  names.forEach((name, i) => {
    checkOrder(names[i - 1], name);
  });
  return names;
}

function* readNames(input: RdbInput): Reading<readonly string[]> {
  const count = input.length() ?? (yield* awaitLength(input));
  if (count === 0) throw withoutFields();
  const names: string[] = [];
  for (let left = count; left > 0; left--) {
    const name = input.text() ?? (yield* awaitText(input));
    checkOrder(names.at(-1), name);
    names.push(name);
  }
  return names;
}

function checkOrder(before: string | undefined, name: string): void {
  if (before === undefined || before.length < name.length) return;
  if (before.length === name.length && before < name) return;
  throw new RdbFault('RDB_STRUCTURE', 'Hash template fields not strictly sorted');
}

/** The number before the values, and the values. */
function* readPackedValues(input: RdbInput): Reading<readonly string[]> {
  const items: string[] = [];
  readListpack(input.blob() ?? (yield* awaitBlob(input)), items);
  if (items.length === 0) throw new RdbFault('RDB_STRUCTURE', 'Hash template-listpack is empty');
  if (!/^\d+$/.test(items[0]))
    throw new RdbFault('RDB_STRUCTURE', 'Hash template-listpack: its first entry is not an integer');
  return items;
}

/** @param values with the number before them */
function fieldsOf(names: readonly string[], values: readonly string[]): HashField[] {
  if (values.length !== names.length + 1) {
    throw new RdbFault('RDB_STRUCTURE', `Hash template of ${names.length} fields with ${values.length - 1} values`);
  }
  return names.map((name, i): HashField => [name, values[i + 1]]);
}

function* readValues(input: RdbInput, names: readonly string[]): Reading<HashField[]> {
  const fields: HashField[] = [];
  for (const name of names) fields.push([name, input.text() ?? (yield* awaitText(input))]);
  return fields;
}

function withoutFields(): RdbFault {
  return new RdbFault('RDB_STRUCTURE', 'Hash template with zero fields');
}
