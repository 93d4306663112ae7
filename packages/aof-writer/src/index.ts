export { AofWriteError, type AofWriteErrorCode } from './aof-write-error.ts';
export { AofWriter } from './aof-writer.ts';
export type { AofWriterEvents, FatalFailure, WriteFailure } from './events.ts';
export type { RecordTee } from './record-buffer.ts';
export { type AlwaysMode, type AofWriterSettings, DEFAULT_SETTINGS, type FsyncPolicy } from './settings.ts';
export type { AofWriterOptions, FlushResult, Rotation } from './writer-options.ts';
