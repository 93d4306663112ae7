export { LoadError, type LoadErrorCode } from './load-error.ts';
export {
  type ApplyOutcome,
  type EntryApplier,
  type LoadEvents,
  type LoadLogOptions,
  type LoadReport,
  loadLog,
  type RecordApplier,
  type StringApplier,
} from './load-log.ts';
export { type LoadRdbOptions, loadRdb, type RdbLoadReport } from './load-rdb.ts';
export { beginsWithRdbPart, MAGIC_BYTES } from './rdb-part.ts';
export type { Vouching } from './vouched-bytes.ts';
