export {
  type CheckMode,
  type CheckOptions,
  type CheckReport,
  type CheckStatus,
  checkAof,
  type FileReport,
  type FileVerdict,
} from './check-files.ts';
export { type CheckRdbOptions, checkRdb } from './check-rdb.ts';
export { CommandNames } from './command-names.ts';
export type { Certainty, Finding, FindingCode, StrictFile, StrictReport } from './findings.ts';
export { type LogFile, NoLogError } from './log-files.ts';
export type { LogStamp, Output } from './output.ts';
export { checkStrictly, type StrictOptions } from './strict-check.ts';
