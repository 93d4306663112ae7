/** The error of everything that reads configuration: where, what, why and what to do about it. */

import { toText } from './byte-string.ts';

/** Stable; messages may change. */
export type ConfigErrorCode =
  /** No option has that name. */
  | 'UNKNOWN_OPTION'
  /** The option does not take that value. */
  | 'BAD_VALUE'
  /** Too many or too few words in the line. */
  | 'WRONG_ARGUMENT_COUNT'
  /** A quote is not closed, or text follows a closing quote. */
  | 'UNBALANCED_QUOTES'
  /** A directive that Redis knows and this server does not. */
  | 'UNSUPPORTED_DIRECTIVE'
  /** The file, or one that it includes, cannot be read. */
  | 'FILE_UNREADABLE'
  /** A file includes itself, directly or through others. */
  | 'INCLUDE_CYCLE'
  /** More text, or more included files, than a configuration can sensibly have. */
  | 'TOO_LARGE'
  /** A command line that can't be understood. */
  | 'BAD_ARGUMENTS';

export interface ConfigErrorDetails {
  /** Why, in Redis's words where Redis has some. */
  readonly reason: string;
  /** The file's path, `standard input` or `command line`. */
  readonly file: string;
  /** From 1 on; 0 if the error isn't about a line. On the command line: the number of the option. */
  readonly line?: number;
  /** The line without surrounding blanks, a byte string. */
  readonly lineText?: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Configuration that can't be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly reason: string;
  readonly file: string;
  readonly line: number;
  /** The offending line as text. */
  readonly lineText: string;
  readonly hint: string | undefined;

  constructor(code: ConfigErrorCode, details: ConfigErrorDetails) {
    const line = details.line ?? 0;
    const lineText = toText(details.lineText ?? '');
    const place = line > 0 ? `${details.file}, line ${line}: '${lineText}': ` : `${details.file}: `;
    super(place + details.reason, { cause: details.cause });
    this.code = code;
    this.reason = details.reason;
    this.file = details.file;
    this.line = line;
    this.lineText = lineText;
    this.hint = details.hint;
  }

  /**
   * What a server prints before it gives up, in the shape that Redis gives it, followed by the file and the hint.
   * @param server name and version to print, for example `Redis 7.2.0`
   */
  format(server: string): string {
    const lines = [`*** FATAL CONFIG FILE ERROR (${server}) ***`];
    if (this.line > 0) lines.push(`Reading the configuration file, at line ${this.line}`, `>>> '${this.lineText}'`);
    lines.push(this.reason, `In: ${this.file}`);
    if (this.hint !== undefined) lines.push(`Hint: ${this.hint}`);
    return `${lines.join('\n')}\n`;
  }
}
