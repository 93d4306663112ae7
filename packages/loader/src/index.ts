export { LoadError, type LoadErrorCode } from './load-error.ts';
export {
  type ApplyOutcome,
  type LoadEvents,
  type LoadLogOptions,
  type LoadReport,
  loadLog,
  type RecordApplier,
} from './load-log.ts';
