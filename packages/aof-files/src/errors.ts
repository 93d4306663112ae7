/** The operating errors of append-only files: what went wrong, where, and what to do next. Codes stay; messages may change. */

/** Where an error is and what caused it. */
export interface AofErrorDetails {
  /** The file or folder. */
  readonly path?: string;
  /** Byte offset in the file. */
  readonly fileOffset?: number;
  /** The next command to run or thing to decide, for an operator. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of all operating errors around append-only files, also of those of higher packages. */
export class AofError extends Error {
  override readonly name: string = 'AofError';
  readonly code: string;
  readonly path: string | undefined;
  readonly fileOffset: number | undefined;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: AofErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.fileOffset = details.fileOffset;
    this.hint = details.hint;
  }
}

/** Stable codes of `ManifestError`. */
export type ManifestErrorCode =
  | 'AOF_MANIFEST_UNREADABLE'
  | 'AOF_MANIFEST_EMPTY'
  | 'AOF_MANIFEST_LINE_TOO_LONG'
  | 'AOF_MANIFEST_FORMAT'
  | 'AOF_MANIFEST_PATH'
  | 'AOF_MANIFEST_DUPLICATE_BASE'
  | 'AOF_MANIFEST_SEQUENCE'
  | 'AOF_MANIFEST_TYPE';

/** Where in a manifest an error is. */
export interface ManifestErrorDetails extends AofErrorDetails {
  /** Number of the line, from 1. */
  readonly line?: number;
  /** The line as Redis quotes it: without blanks at its ends. */
  readonly lineText?: string;
}

/** A manifest that cannot be read. `message` is the reason in Redis's words. */
export class ManifestError extends AofError {
  override readonly name = 'ManifestError';
  declare readonly code: ManifestErrorCode;
  readonly line: number | undefined;
  readonly lineText: string | undefined;

  constructor(code: ManifestErrorCode, reason: string, details: ManifestErrorDetails = {}) {
    super(code, reason, details);
    this.line = details.line;
    this.lineText = details.lineText;
  }
}

/** Stable codes of `LayoutError`. */
export type LayoutErrorCode =
  | 'AOF_FILE_MISSING'
  | 'AOF_MANIFEST_LOST'
  | 'AOF_TWO_LOGS'
  | 'AOF_NAME_INVALID'
  | 'AOF_NOT_A_FOLDER';

/** A set of files on disk from which no log can be chosen or completed safely. */
export class LayoutError extends AofError {
  override readonly name = 'LayoutError';
  declare readonly code: LayoutErrorCode;

  constructor(code: LayoutErrorCode, message: string, details: AofErrorDetails = {}) {
    super(code, message, details);
  }
}
