/** What the doctor says: how serious it is, a stable code, what there is, and what to do about it. */

/** `ok`: as it should be. `notice`: good to know. `warning`: it may cost data or time one day. `problem`: it does, or will. */
export type Level = 'ok' | 'notice' | 'warning' | 'problem';

export const LEVELS: readonly Level[] = ['ok', 'notice', 'warning', 'problem'];

/** Stable: scripts rely on them. */
export type DoctorCode =
  | 'config'
  | 'appendonly'
  | 'layout'
  | 'two-logs'
  | 'manifest'
  | 'file-missing'
  | 'snapshot-beside'
  | 'fsync'
  | 'timestamps'
  | 'auto-rewrite'
  | 'rewrite-room'
  | 'damage'
  | 'unfinished-end'
  | 'checksums'
  | 'base-version'
  | 'server-version'
  | 'huge-keys'
  | 'permissions'
  | 'running'
  | 'leftovers';

export interface DoctorFinding {
  readonly level: Level;
  readonly code: DoctorCode;
  /** One or two sentences. */
  readonly text: string;
  /** What to do. */
  readonly advice?: string;
}

/** The gravest of all. */
export function gravest(findings: readonly DoctorFinding[]): Level {
  return LEVELS.findLast((level) => findings.some((finding) => finding.level === level)) ?? 'ok';
}
