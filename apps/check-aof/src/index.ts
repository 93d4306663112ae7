export { type CheckMode, type CheckOptions, checkAof, type ExitStatus } from './check-files.ts';
export { type CheckRdbOptions, checkRdb } from './check-rdb.ts';
export type { LogStamp, Output } from './output.ts';
