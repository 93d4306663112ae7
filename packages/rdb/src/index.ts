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
  StreamValue,
} from './entries.ts';
export { RdbError, type RdbErrorCode, type RdbErrorDetails, type RdbStep } from './errors.ts';
export type { Dialect } from './format.ts';
export { readRdb, readRdbSync } from './read-rdb.ts';
export {
  END,
  ENTRY,
  FORMAT_ERROR,
  NEED_MORE,
  RdbReader,
  type RdbReaderOptions,
  type ReadStatus,
  TRUNCATED,
} from './reader.ts';
