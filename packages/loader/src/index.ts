export { LoadError, type LoadErrorCode } from './load-error.ts';
export {
  type ApplyOutcome,
  type EntryApplier,
  type LoadEvents,
  type LoadLogOptions,
  type LoadReport,
  loadLog,
  type RecordApplier,
} from './load-log.ts';
