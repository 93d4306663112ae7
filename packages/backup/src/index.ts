export { BackupError, type BackupErrorCode } from './backup-error.ts';
export {
  type BackupContent,
  BackupFolder,
  type BackupFolderOptions,
  type BackupLocation,
} from './backup-folder.ts';
export { type VerifyOptions, verifyFiles } from './verify-files.ts';
