/**
 * redis-check-aof's check of a log: of a manifest with its files, or of a single file. Same lines, same verdict.
 *
 * Invariant: nothing is written unless `mode` says so, and then only the end of the last file is cut off.
 *
 * Source: redis-check-aof.c, checkMultiPartAof, checkOldStyleAof, checkSingleAof.
 */
import { cutLogFile, type fileKindOf, type Manifest, ManifestError, parseManifest, readFileKind } from '@aof/aof-files';
import { type Disk, DiskError, type DiskFile } from '@aof/disk';
import { checkRdbPart } from './check-rdb-part.ts';
import { checkRecords, type RecordVerdict } from './check-records.ts';
import type { CommandNames } from './command-names.ts';
import { type LogStamp, logLine, nameText, type Output } from './output.ts';
import { vouchedBytesOf } from './vouched-check.ts';

/** What to do about what is found. `until`: seconds since the Unix epoch; everything executed later is cut off. */
export type CheckMode = { readonly kind: 'check' | 'fix' } | { readonly kind: 'truncate'; readonly until: number };

export interface CheckOptions {
  readonly disk: Disk;
  readonly output: Output;
  readonly stamp: LogStamp;
  readonly mode: CheckMode;
  /** The path is that of a manifest, whatever is in it. Default: what is in it decides, as with redis-check-aof. */
  readonly isManifest?: boolean;
  /** Asked before a file is cut: why it must not be, or undefined. */
  readonly refusal?: (path: string) => string | undefined;
  /** By what names the server calls commands. Default: by their own. */
  readonly names?: CommandNames;
}

/** As redis-check-aof: 0 valid, empty or repaired, 1 anything else. */
export type CheckStatus = 0 | 1;

/** How a file is, or is now. `truncated`: its end has been cut off. `failed`: not valid, or not to be read. */
export type FileVerdict = 'ok' | 'empty' | 'truncated' | 'truncated-to-timestamp' | 'failed';

/** What the check found about one file; files behind the first bad one are not looked at. */
export interface FileReport {
  readonly name: string;
  readonly path: string;
  readonly role: 'single' | 'base' | 'incr';
  readonly verdict: FileVerdict;
  /** Bytes, when it was read; undefined: it could not be opened. */
  readonly size: number | undefined;
  /** Behind the last record that stands for itself, and the line there, counted through all files; undefined: not so far. */
  readonly okUpTo: number | undefined;
  readonly okUpToLine: number | undefined;
  /** Bytes that a checksum file vouches for, which are not compared here; undefined: there is none. */
  readonly vouchedBytes: number | undefined;
}

export interface CheckReport {
  readonly status: CheckStatus;
  /** Undefined: it could not be opened. */
  readonly kind: 'multi-part' | 'single' | undefined;
  readonly files: readonly FileReport[];
  /** A file was to be cut, and `refusal` forbade it. */
  readonly isRefused: boolean;
}

/** Checks what `path` names, by what it is. @throws DiskError reading or cutting failed after the file was opened */
export async function checkAof(path: string, options: CheckOptions): Promise<CheckReport> {
  return new Check(options).run(path);
}

interface CheckedFile {
  readonly name: string;
  readonly path: string;
  readonly role: FileReport['role'];
  readonly isLast: boolean;
  readonly hasRdbPart: boolean;
  /** How result lines call it. */
  readonly title: string;
}

const NOT_MEASURED = { size: undefined, okUpTo: undefined, okUpToLine: undefined };

class Check {
  readonly #options: CheckOptions;
  /** Lines are counted across the files of a manifest. */
  #line = 1;
  #kind: CheckReport['kind'];
  readonly #files: FileReport[] = [];
  /** Of the file at hand. */
  #measured: Pick<FileReport, 'size' | 'okUpTo' | 'okUpToLine'> = NOT_MEASURED;
  #isRefused = false;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  async run(path: string): Promise<CheckReport> {
    const isGood = await this.#log(path);
    return { status: isGood ? 0 : 1, kind: this.#kind, files: this.#files, isRefused: this.#isRefused };
  }

  async #log(path: string): Promise<boolean> {
    const kind = this.#options.isManifest ? 'manifest' : this.#kindOf(path);
    if (kind === undefined) return false;
    this.#kind = kind === 'manifest' ? 'multi-part' : 'single';
    if (kind === 'manifest') return this.#multiPart(path);
    this.#say('Start checking Old-Style AOF');
    return this.#file({ name: path, path, role: 'single', isLast: true, hasRdbPart: kind === 'rdb', title: 'AOF' });
  }

  #kindOf(path: string): ReturnType<typeof fileKindOf> | undefined {
    try {
      return readFileKind(this.#options.disk, path);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      if (error.code === 'EISDIR' || error.operation === 'read') this.#say(`Cannot read file: ${nameText(path)}`);
      else this.#say(`Cannot open file ${nameText(path)}: ${error.reason}`);
      return undefined;
    }
  }

  async #multiPart(path: string): Promise<boolean> {
    this.#say('Start checking Multi Part AOF');
    const manifest = this.#readManifest(path);
    if (manifest === undefined) return false;
    const { base, incr } = manifest;
    const folder = folderOf(path);
    if (base !== undefined) {
      const basePath = `${folder}/${base.name}`;
      const hasRdbPart = this.#isRdb(basePath);
      if (hasRdbPart === undefined) return false;
      this.#say(`Start to check BASE AOF (${hasRdbPart ? 'RDB' : 'RESP'} format).`);
      const isLast = incr.length === 0;
      const file = { name: base.name, path: basePath, role: 'base', isLast, hasRdbPart, title: 'BASE AOF' } as const;
      if (!(await this.#file(file))) return false;
    }
    if (incr.length > 0) this.#say('Start to check INCR files.');
    for (const { name } of incr) {
      const isLast = name === incr.at(-1)?.name;
      const place = { name, path: `${folder}/${name}`, role: 'incr' } as const;
      const file = { ...place, isLast, hasRdbPart: false, title: 'INCR AOF' };
      if (!(await this.#file(file))) return false;
    }
    this.#say('All AOF files and manifest are valid');
    return true;
  }

  #readManifest(path: string): Manifest | undefined {
    const { disk } = this.#options;
    try {
      return parseManifest(disk.readFile(path), path);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      this.#warn('\n*** FATAL AOF MANIFEST FILE ERROR ***\n');
      if (error.lineText !== undefined) {
        this.#warn(`Reading the manifest file, at line ${error.line}\n`);
        this.#warn(`>>> '${error.lineText}'\n`);
      }
      this.#warn(`${error.message}\n`);
      return undefined;
    }
  }

  /** @returns undefined, and says why, if it cannot be opened */
  #isRdb(path: string): boolean | undefined {
    try {
      return readFileKind(this.#options.disk, path) === 'rdb';
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      if (error.code === 'EISDIR') return false;
      this.#say(`Cannot open file ${nameText(path)}: ${error.reason}`);
      return undefined;
    }
  }

  /** Checks one file and says how it is. @returns whether to go on */
  async #file(file: CheckedFile): Promise<boolean> {
    this.#measured = NOT_MEASURED;
    const verdict = await this.#verdictOf(file);
    const { name: ownName, path, role } = file;
    const size = this.#options.disk.status(path)?.size ?? 0;
    const vouchedBytes = vouchedBytesOf(this.#options.disk, path, size);
    this.#files.push({ name: ownName, path, role, verdict, ...this.#measured, vouchedBytes });
    const name = nameText(ownName);
    if (vouchedBytes !== undefined)
      this.#say(`Checksums vouch for ${vouchedBytes} of ${size} bytes of ${name} (--strict compares them)`);
    switch (verdict) {
      case 'failed':
        return false;
      case 'ok':
        this.#say(`${file.title} ${name} is valid`);
        return true;
      case 'empty':
        this.#say(`${file.title} ${name} is empty`);
        return true;
      case 'truncated':
        this.#say(`Successfully truncated AOF ${name}`);
        return true;
      case 'truncated-to-timestamp':
        this.#say(`Successfully truncated AOF ${name} to timestamp ${this.#until}`);
        return true;
    }
  }

  async #verdictOf(file: CheckedFile): Promise<FileVerdict> {
    let handle: DiskFile;
    try {
      handle = this.#options.disk.open(file.path, 'read');
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#say(`Cannot open file ${nameText(file.path)}: ${error.reason}, aborting...`);
      return 'failed';
    }
    try {
      return await this.#openFile(file, handle);
    } finally {
      handle.close();
    }
  }

  async #openFile(file: CheckedFile, handle: DiskFile): Promise<FileVerdict> {
    const size = handle.size();
    this.#measured = { ...NOT_MEASURED, size };
    if (size === 0) return 'empty';
    const { output, stamp, names } = this.#options;
    const progress = (fileOffset: number): void => output.progress?.(fileOffset, size);
    let fileOffset = 0;
    if (file.hasRdbPart) {
      const part = await checkRdbPart({ file: handle, name: nameText(file.name), output, stamp, progress });
      if (part.state === 'failed') this.#say('RDB preamble of AOF file is not sane, aborting.');
      if (part.state !== 'ok') return 'failed';
      this.#say('RDB preamble is OK, proceeding with AOF tail...');
      fileOffset = part.endOffset;
    }
    const { name, path } = file;
    const line = this.#line;
    const verdict = await checkRecords({
      file: handle,
      fileOffset,
      line,
      name,
      path,
      untilTimestamp: this.#until,
      progress,
      ...(names && { names }),
    });
    this.#line = verdict.line;
    this.#measured = { size, okUpTo: verdict.okUpTo, okUpToLine: verdict.line };
    return this.#conclude(file, size, verdict);
  }

  async #conclude(file: CheckedFile, size: number, verdict: RecordVerdict): Promise<FileVerdict> {
    const { mode, output } = this.#options;
    const name = nameText(file.name);
    if (verdict.hasBadTimestamp) {
      this.#say('Invalid timestamp annotation');
      return 'failed';
    }
    if (verdict.laterOffset !== undefined) return this.#cutToTimestamp(file, verdict.laterOffset);
    if (verdict.complaint !== undefined) output.write(verdict.complaint);
    const surplus = size - verdict.okUpTo;
    if (surplus === 0 && this.#until !== undefined) {
      this.#say(`Truncate nothing in AOF ${name} to timestamp ${this.#until}`);
      return 'ok';
    }
    this.#say(
      `AOF analyzed: filename=${name}, size=${size}, ok_up_to=${verdict.okUpTo}, ok_up_to_line=${verdict.line}, diff=${surplus}`,
    );
    if (surplus === 0) return 'ok';
    if (mode.kind === 'fix') return this.#fix(file, size, verdict.okUpTo);
    this.#say(`AOF ${name} is not valid. Use the --fix option to try fixing it.`);
    return 'failed';
  }

  async #fix(file: CheckedFile, size: number, okUpTo: number): Promise<FileVerdict> {
    const { output } = this.#options;
    const name = nameText(file.name);
    if (!file.isLast) {
      this.#say(`Failed to truncate AOF ${name} because it is not the last file`);
      return 'failed';
    }
    if (this.#mayNotCut(file)) return 'failed';
    this.#say(`This will shrink the AOF ${name} from ${size} bytes, with ${size - okUpTo} bytes, to ${okUpTo} bytes`);
    output.write('Continue? [y/N]: ');
    if ((await output.answer()).toLowerCase() !== 'y') {
      this.#say('Aborting...');
      return 'failed';
    }
    // A server may have been started while the question was open.
    if (this.#mayNotCut(file)) return 'failed';
    if (this.#cut(file, okUpTo)) return 'truncated';
    this.#say(`Failed to truncate AOF ${name}`);
    return 'failed';
  }

  #cutToTimestamp(file: CheckedFile, fileOffset: number): FileVerdict {
    const path = nameText(file.path);
    if (fileOffset === 0) {
      this.#say(`AOF ${path} has nothing before timestamp ${this.#until}, aborting...`);
      return 'failed';
    }
    if (!file.isLast) {
      this.#say(
        `Failed to truncate AOF ${path} to timestamp ${this.#until} to offset ${fileOffset} because it is not the last file.`,
      );
      this.#say(
        'If you insist, please delete all files after this file according to the manifest file and delete the corresponding records in manifest file manually. Then re-run check-aof.',
      );
      return 'failed';
    }
    if (this.#mayNotCut(file)) return 'failed';
    if (this.#cut(file, fileOffset)) return 'truncated-to-timestamp';
    this.#say(`Failed to truncate AOF ${path} to timestamp ${this.#until}`);
    return 'failed';
  }

  #mayNotCut({ path }: CheckedFile): boolean {
    const reason = this.#options.refusal?.(path);
    if (reason === undefined) return false;
    this.#say(nameText(reason));
    this.#isRefused = true;
    return true;
  }

  /** Cuts the file, durably. @returns false if the disk refused */
  #cut(file: CheckedFile, size: number): boolean {
    try {
      cutLogFile(this.#options.disk, file.path, size);
      return true;
    } catch (error) {
      if (error instanceof DiskError) return false;
      throw error;
    }
  }

  get #until(): number | undefined {
    const { mode } = this.#options;
    // 0 has always meant: no limit.
    return mode.kind === 'truncate' && mode.until !== 0 ? mode.until : undefined;
  }

  #say(line: string): void {
    this.#options.output.write(`${line}\n`);
  }

  #warn(message: string): void {
    this.#options.output.write(logLine(this.#options.stamp, message));
  }
}

/** dirname(3). */
export function folderOf(path: string): string {
  const slash = path.replace(/\/+$/, '').lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
