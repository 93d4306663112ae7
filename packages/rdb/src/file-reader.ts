/**
 * The parts of an RDB file one after the other: header, opcodes, keys, checksum.
 *
 * Invariant: `context` always says what is being read, for whoever has to report an error.
 *
 * Source: Redis and Valkey rdb.c, rdbLoadRioWithLoadingCtx.
 */

import { skipArray } from './array-data.ts';
import {
  awaitByte,
  awaitFixedText,
  awaitLength,
  awaitText,
  awaitUint64,
  awaitWideLength,
  type Reading,
} from './awaiting.ts';
import type { RdbEmptyKeyEntry, RdbEntry, RdbFunctionEntry, RdbKeyEntry, RdbValue } from './entries.ts';
import { RdbFault, type RdbStep } from './errors.ts';
import {
  CHECKSUM_SINCE,
  type Dialect,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_FUNCTION,
  OPCODE_FUNCTION_PRE_RELEASE,
  OPCODE_HASH_TEMPLATE,
  OPCODE_KEY_METADATA,
  OPCODE_MODULE_AUX,
  OPCODE_RESIZE,
  OPCODE_SELECT,
  OPCODE_SLOT_INFO,
  OPCODE_VALKEY_SLOT_IMPORT,
  TYPE_ARRAY,
  TYPE_MODULE,
  TYPE_MODULE_PRE_RELEASE,
  typeNameOf,
  versionFault,
} from './format.ts';
import { type HashTemplates, readTemplate } from './hash-templates.ts';
import type { RdbInput } from './input.ts';
import {
  isAttribute,
  isExpiry,
  type KeyAttributes,
  NO_ATTRIBUTES,
  noAttributes,
  readAttribute,
} from './key-attributes.ts';
import { MODULE_UNSIGNED, moduleTypeOf, skipKeyMetadata, skipModuleData } from './module-data.ts';
import type { StringRuns } from './string-runs.ts';
import { EMPTY, isAtomic, readAtomic, readValue, type ValueOptions } from './value-reader.ts';

const HEADER_BYTES = 9;
const HEADER = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/;

/** What the reader is at: for entries and for errors. */
export interface ReadContext {
  doing: RdbStep;
  key: string | undefined;
  database: number;
  encoding: string | undefined;
  dialect: Dialect;
  version: number;
  /** File offset of the part that is being read: of an opcode, or of a key with what stands before it. */
  partOffset: number;
  readonly verifiesChecksum: boolean;
  readonly acceptsNewer: boolean;
  readonly partElements: number;
  readonly findsDuplicates: boolean;
  /** Undefined: strings are entries like all others. */
  readonly strings: StringRuns | undefined;
  readonly templates: HashTemplates;
}

/** Stands for the keys that `takeString` was given. */
export const HANDED_OVER = Symbol('handed over');

/** An entry, HANDED_OVER, or `undefined` for "feed more". */
type FileReading = Generator<RdbEntry | typeof HANDED_OVER | undefined, void, void>;

/** Reads a file from its header to its checksum. @throws RdbFault */
export function* readFile(input: RdbInput, context: ReadContext): FileReading {
  yield* readHeader(input, context);
  let attributes: KeyAttributes | undefined;
  for (;;) {
    context.doing = 'read-type';
    context.encoding = undefined;
    if (attributes === undefined) {
      context.key = undefined;
      const { strings } = context;
      while (strings !== undefined && strings.handOver(context.database) > 0) yield HANDED_OVER;
      context.partOffset = input.fileOffset(input.at);
    }
    const type = input.byte() ?? (yield* whole(awaitByte(input)));
    if (isAttribute(type)) {
      attributes ??= noAttributes();
      if (isExpiry(type)) context.doing = 'read-expire';
      while (!readAttribute(input, type, attributes)) yield undefined;
    } else if (type === OPCODE_EOF) {
      break;
    } else if (isOpcode(type)) {
      const entry = yield* whole(readOpcode(input, context, type));
      if (entry !== undefined) yield entry;
    } else {
      const head = beginKey(context, type, attributes ?? NO_ATTRIBUTES);
      attributes = undefined;
      head.key = input.text() ?? (yield* whole(awaitText(input)));
      context.key = head.key;
      context.doing = 'read-object-value';
      const value = isAtomic(type) ? readAtomic(input, valueOptions(context, type)) : undefined;
      if (value === EMPTY) yield emptyKey(head);
      else if (value !== undefined) yield keyEntry(head, value, 0, true);
      else if (type === TYPE_MODULE) yield* readModuleValue(input, head);
      else if (type === TYPE_ARRAY) yield* readArray(input, head);
      else yield* readLargeValue(input, context, type, head);
    }
  }
  yield* readChecksum(input, context);
}

function beginKey(context: ReadContext, type: number, attributes: KeyAttributes): KeyHead {
  const encoding = typeNameOf(type, context.dialect);
  if (encoding === undefined) throw new RdbFault('RDB_TYPE', `Unknown RDB encoding type ${type}`);
  context.doing = 'read-key';
  context.encoding = encoding;
  if (type === TYPE_MODULE_PRE_RELEASE) {
    throw new RdbFault('RDB_PRE_RELEASE', 'Pre-release module format not supported');
  }
  const { expireAtMs, idleSec, frequency } = attributes;
  const { partOffset: fileOffset, database } = context;
  return { fileOffset, database, key: '', encoding, expireAtMs, idleSec, frequency };
}

function valueOptions(context: ReadContext, type: number): ValueOptions {
  const { dialect, partElements, findsDuplicates, templates } = context;
  return { type, dialect, partElements, findsDuplicates, templates };
}

/** A reading that has no parts. */
function* whole<T>(reading: Reading<T>): Generator<undefined, T, void> {
  for (;;) {
    const { value, done } = reading.next();
    if (done) return value;
    yield undefined;
  }
}

function isOpcode(type: number): boolean {
  return type >= OPCODE_HASH_TEMPLATE;
}

function* readHeader(input: RdbInput, context: ReadContext): FileReading {
  const text = yield* whole(readMagic(input));
  const match = HEADER.exec(text);
  if (match === null) throw new RdbFault('RDB_MAGIC', 'Wrong signature trying to load DB from file');
  context.dialect = match[1] === undefined ? 'valkey' : 'redis';
  context.version = Number(match[1] ?? match[2]);
  const fault = versionFault(context.version, context.dialect, context.acceptsNewer);
  if (fault !== undefined) throw new RdbFault('RDB_VERSION', `Can't handle RDB format version: ${fault}`);
  yield { kind: 'header', fileOffset: context.partOffset, dialect: context.dialect, version: context.version };
}

function* readMagic(input: RdbInput): Reading<string> {
  return input.fixedText(HEADER_BYTES) ?? (yield* awaitFixedText(input, HEADER_BYTES));
}

/** Reads a value that is not whole yet, or of more than one atom. */
function* readLargeValue(input: RdbInput, context: ReadContext, type: number, head: KeyHead): FileReading {
  const reading = readValue(input, valueOptions(context, type));
  for (let part = 0; ; ) {
    const { value, done } = reading.next();
    if (value !== undefined) {
      yield keyEntry(head, value, part, done ?? false);
      part++;
    } else if (done) {
      yield emptyKey(head);
    } else {
      yield undefined;
    }
    if (done) return;
  }
}

function* readModuleValue(input: RdbInput, { fileOffset, database, key }: KeyHead): FileReading {
  const id = input.wideLength() ?? (yield* whole(awaitWideLength(input)));
  yield* whole(skipModuleData(input));
  const byteLength = input.fileOffset(input.at) - fileOffset;
  yield { kind: 'module-skipped', fileOffset, database, key, ...moduleTypeOf(id), byteLength };
}

function* readArray(input: RdbInput, { fileOffset, database, key, encoding }: KeyHead): FileReading {
  yield* whole(skipArray(input));
  yield {
    kind: 'key-skipped',
    fileOffset,
    database,
    key,
    encoding,
    byteLength: input.fileOffset(input.at) - fileOffset,
  };
}

/** What is known of a key before its value. */
interface KeyHead extends KeyAttributes {
  readonly fileOffset: number;
  readonly database: number;
  key: string;
  readonly encoding: string;
}

function keyEntry(head: KeyHead, typed: RdbValue, part: number, isLast: boolean): RdbKeyEntry {
  const { fileOffset, database, key, encoding, expireAtMs, idleSec, frequency } = head;
  const { type, value } = typed;
  const kind = 'key';
  // The value is of the type, which the compiler cannot tell of two variables.
  const entry = { kind, fileOffset, database, key, expireAtMs, type, value, encoding, part, isLast } as RdbKeyEntry;
  if (idleSec === undefined && frequency === undefined) return entry;
  return { ...entry, ...(idleSec !== undefined && { idleSec }), ...(frequency !== undefined && { frequency }) };
}

function emptyKey({ fileOffset, database, key, encoding }: KeyHead): RdbEmptyKeyEntry {
  return { kind: 'empty-key', fileOffset, database, key, encoding };
}

/** Undefined: it is nothing that an entry tells. */
function* readOpcode(input: RdbInput, context: ReadContext, opcode: number): Reading<RdbEntry | undefined> {
  const { partOffset: fileOffset } = context;
  switch (opcode) {
    case OPCODE_SELECT:
      context.doing = 'read-len';
      context.database = input.length() ?? (yield* awaitLength(input));
      return { kind: 'select', fileOffset, database: context.database };
    case OPCODE_RESIZE: {
      context.doing = 'read-len';
      const keys = input.length() ?? (yield* awaitLength(input));
      const expiringKeys = input.length() ?? (yield* awaitLength(input));
      return { kind: 'resize', fileOffset, database: context.database, keys, expiringKeys };
    }
    case OPCODE_AUX: {
      context.doing = 'read-aux';
      const key = input.text() ?? (yield* awaitText(input));
      const value = input.text() ?? (yield* awaitText(input));
      return { kind: 'aux', fileOffset, key, value };
    }
    case OPCODE_FUNCTION: {
      context.doing = 'read-functions';
      return { kind: 'function', fileOffset, code: input.text() ?? (yield* awaitText(input)) };
    }
    case OPCODE_FUNCTION_PRE_RELEASE:
      context.doing = 'read-functions';
      return yield* readOldFunction(input, fileOffset);
    case OPCODE_MODULE_AUX:
      return yield* readModuleAux(input, context);
    case OPCODE_SLOT_INFO: {
      context.doing = 'read-len';
      const slot = input.length() ?? (yield* awaitLength(input));
      const keys = input.length() ?? (yield* awaitLength(input));
      const expiringKeys = input.length() ?? (yield* awaitLength(input));
      return { kind: 'slot-info', fileOffset, slot, keys, expiringKeys };
    }
    default:
      return yield* readOwnOpcode(input, context, opcode);
  }
}

/** Opcodes that only one of the dialects has. */
function* readOwnOpcode(input: RdbInput, context: ReadContext, opcode: number): Reading<RdbEntry | undefined> {
  if (context.dialect === 'valkey') {
    if (opcode === OPCODE_VALKEY_SLOT_IMPORT) return yield* readSlotImport(input, context);
  } else if (opcode === OPCODE_KEY_METADATA) {
    return yield* readKeyMetadata(input, context);
  } else if (opcode === OPCODE_HASH_TEMPLATE) {
    yield* readTemplate(input, context.templates);
    return undefined;
  }
  throw new RdbFault('RDB_TYPE', `Unknown RDB opcode ${opcode}`);
}

function* readKeyMetadata(input: RdbInput, context: ReadContext): Reading<RdbEntry> {
  context.doing = 'read-module-aux';
  const fileOffset = input.fileOffset(input.at) - 1;
  yield* skipKeyMetadata(input);
  return {
    kind: 'module-skipped',
    fileOffset,
    database: context.database,
    key: undefined,
    moduleType: 'key-metadata',
    moduleVersion: 0,
    byteLength: input.fileOffset(input.at) - fileOffset,
  };
}

/** A library of 7.0's first release candidates: name and engine stood beside the code, which now begins with a line that tells them. */
function* readOldFunction(input: RdbInput, fileOffset: number): Reading<RdbFunctionEntry> {
  const name = input.text() ?? (yield* awaitText(input));
  const engine = input.text() ?? (yield* awaitText(input));
  const isDescribed = (input.length() ?? (yield* awaitLength(input))) !== 0;
  if (isDescribed) input.text() ?? (yield* awaitText(input));
  const code = input.text() ?? (yield* awaitText(input));
  return { kind: 'function', fileOffset, code: `#!${engine} name=${name}\n${code}` };
}

function* readModuleAux(input: RdbInput, context: ReadContext): Reading<RdbEntry> {
  context.doing = 'read-module-aux';
  const { partOffset: fileOffset, database } = context;
  const id = input.wideLength() ?? (yield* awaitWideLength(input));
  const mark = input.length() ?? (yield* awaitLength(input));
  input.length() ?? (yield* awaitLength(input));
  if (mark !== MODULE_UNSIGNED) throw new RdbFault('RDB_MODULE', 'bad when_opcode');
  yield* skipModuleData(input);
  const byteLength = input.fileOffset(input.at) - fileOffset;
  return { kind: 'module-skipped', fileOffset, database, key: undefined, ...moduleTypeOf(id), byteLength };
}

function* readSlotImport(input: RdbInput, context: ReadContext): Reading<RdbEntry> {
  const { partOffset: fileOffset } = context;
  const job = input.text() ?? (yield* awaitText(input));
  const count = input.length() ?? (yield* awaitLength(input));
  const ranges: [number, number][] = [];
  for (let left = count; left > 0; left--) {
    const first = input.length() ?? (yield* awaitLength(input));
    const last = input.length() ?? (yield* awaitLength(input));
    ranges.push([first, last]);
  }
  return { kind: 'slot-import', fileOffset, job, ranges };
}

function* readChecksum(input: RdbInput, context: ReadContext): FileReading {
  context.doing = 'check-sum';
  const { partOffset: fileOffset } = context;
  if (context.version < CHECKSUM_SINCE) {
    yield { kind: 'end', fileOffset, checksum: 'absent' };
    return;
  }
  const found = input.checksum();
  const expected = input.uint64() ?? (yield* whole(awaitUint64(input)));
  if (expected === 0n) {
    yield { kind: 'end', fileOffset, checksum: 'absent' };
  } else if (!context.verifiesChecksum) {
    yield { kind: 'end', fileOffset, checksum: 'off' };
  } else if (expected === found) {
    yield { kind: 'end', fileOffset, checksum: 'ok' };
  } else {
    throw new RdbFault(
      'RDB_CHECKSUM',
      `Wrong RDB checksum expected: (${found.toString(16)}) but got (${expected.toString(16)})`,
    );
  }
}
