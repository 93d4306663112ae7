export { AofWriteError, type AofWriteErrorCode } from './aof-write-error.ts';
export { AofWriter, type AofWriterOptions, type FlushResult, type Rotation } from './aof-writer.ts';
export type { AofWriterEvents, FatalFailure, WriteFailure } from './events.ts';
export type { RecordTee } from './record-buffer.ts';
export { type AlwaysMode, type AofWriterSettings, DEFAULT_SETTINGS, type FsyncPolicy } from './settings.ts';
