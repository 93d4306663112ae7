/** What the BACKUP commands need from the server. */

/** What BACKUP asks of a server that makes backups of its log. Errors are whole error replies. */
export interface BackupPort {
  start(): string | undefined;
  /** Resolves when the backup is whole and durable. */
  seal(): Promise<string | undefined>;
  abort(): Promise<string | undefined>;
  cleanup(): Promise<string | undefined>;
  status(): BackupStatus;
  /** Paths of what does not change any more. */
  files(): readonly string[];
}

/** Times are seconds since the Unix epoch, 0 before the event. */
export interface BackupStatus {
  readonly state: string;
  readonly error: string;
  readonly startedAtSec: number;
  readonly sealedAtSec: number;
}
