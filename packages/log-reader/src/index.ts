export { fileChunks } from './file-chunks.ts';
export { type FoundLog, filesOfManifest, findLog, type LogFile, logPathOf } from './find-log.ts';
export { keysOf } from './keys-of.ts';
export type {
  AnnotationEvent,
  CommandEvent,
  EntryEvent,
  FileBeginEvent,
  FileEndEvent,
  LogEvent,
  Transaction,
} from './log-event.ts';
export { LogFault, type LogFaultCode, LogReadError, type LogReadErrorCode } from './log-read-error.ts';
export { type LogBatch, type ReadLogOptions, readLog } from './read-log.ts';
export {
  isTailCursor,
  type RewrittenReason,
  type TailCommand,
  type TailCursor,
  type TailEvent,
} from './tail-event.ts';
export { type TailLogOptions, tailLog } from './tail-log.ts';
