/** Why a backup could not be made. Codes stay; messages may change. */
import { AofError, type AofErrorDetails } from '@aof/aof-files';

/**
 * `BACKUP_NOT_EMPTY`: the folder holds something, and nothing in it was touched. `BACKUP_NO_ROOM`: the disk has no room for what must
 * be copied. `BACKUP_DAMAGED`: what was copied cannot be loaded (the `cause` says where). `BACKUP_CANCELLED`.
 */
export type BackupErrorCode = 'BACKUP_NOT_EMPTY' | 'BACKUP_NO_ROOM' | 'BACKUP_DAMAGED' | 'BACKUP_CANCELLED';

export class BackupError extends AofError {
  override readonly name = 'BackupError';
  declare readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, message: string, details: AofErrorDetails = {}) {
    super(code, message, details);
  }
}
