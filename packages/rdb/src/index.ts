export { type DumpOptions, dumpValue, type RestoreOptions, restoreValue } from './dump-payload.ts';
export type {
  Count,
  HashField,
  RdbAuxEntry,
  RdbEmptyKeyEntry,
  RdbEndEntry,
  RdbEntry,
  RdbFunctionEntry,
  RdbHeaderEntry,
  RdbKeyEntry,
  RdbKeyHead,
  RdbKeySkippedEntry,
  RdbModuleSkippedEntry,
  RdbResizeEntry,
  RdbSelectEntry,
  RdbSlotImportEntry,
  RdbSlotInfoEntry,
  RdbValue,
  RdbValueType,
  ScoredPair,
  StreamConsumer,
  StreamEntry,
  StreamGroup,
  StreamId,
  StreamPending,
  StreamProducer,
  StreamProducers,
  StreamUnowned,
  StreamValue,
} from './entries.ts';
export { RdbError, type RdbErrorCode, type RdbErrorDetails, type RdbStep } from './errors.ts';
export type { Dialect } from './format.ts';
export type { KeyAttributes } from './key-attributes.ts';
export {
  type EntryPlace,
  entryToValue,
  extendValue,
  type KeyspaceLossCode,
  type KeyspaceValue,
  packedToValue,
  plainValue,
  valueToEntry,
} from './keyspace-values.ts';
export type { RdbLoss, RdbLossCode } from './losses.ts';
export type { PackedCollection, PackedTaker } from './packed-runs.ts';
export { readRdb, readRdbSync } from './read-rdb.ts';
export {
  END,
  ENTRY,
  FORMAT_ERROR,
  NEED_MORE,
  RdbReader,
  type RdbReaderOptions,
  type ReadStatus,
  STRINGS,
  TRUNCATED,
} from './reader.ts';
export { RdbSnapshotWriter } from './snapshot-writer.ts';
export type { KeyForeseer, StringTaker } from './string-runs.ts';
export { RDB_TARGETS, type RdbTarget } from './targets.ts';
export { type LoggableEntry, type WriteAofOptions, writeAof } from './write-aof.ts';
export { type WritableEntry, type WriteRdbOptions, writeEntry, writeRdb, writeRdbSync } from './write-rdb.ts';
export { type RdbOrigin, RdbWriter, type RdbWriterOptions } from './writer.ts';
