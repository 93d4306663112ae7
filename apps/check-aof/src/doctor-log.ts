/**
 * Finds which log a server with these names would load, without changing anything: the manifest and what it lists, or the
 * single file; and what lies about beside it.
 */
import { AofError, listsNoLog, listTempFiles, type Manifest, MultiPartLayout, readManifest } from '@aof/aof-files';
import type { Disk } from '@aof/disk';
import type { FoundLog, LogFile } from '@aof/log-reader';
import type { DoctorFinding } from './doctor-finding.ts';
import type { Subject } from './doctor-subject.ts';
import { plural } from './findings.ts';
import { bytesText } from './number-text.ts';
import { UNFINISHED } from './restore-target.ts';

export interface ExaminedLog {
  /** Undefined if there is none, or none that can be read. */
  readonly log: FoundLog | undefined;
  readonly findings: readonly DoctorFinding[];
}

export function examineFiles(disk: Disk, subject: Subject): ExaminedLog {
  const { names } = subject;
  const findings: DoctorFinding[] = [];
  let manifest: Manifest | undefined;
  try {
    const isFolder = disk.status(names.appendDir)?.kind === 'directory';
    manifest = isFolder && subject.pointedAt !== 'single' ? readManifest(disk, names) : undefined;
  } catch (error) {
    if (!(error instanceof AofError)) throw error;
    findings.push({
      level: 'problem',
      code: 'manifest',
      text: `The manifest ${names.manifestPath} cannot be read: ${error.message}. No server starts from it.`,
      advice: `check-aof repair ${names.appendDir}`,
    });
    return { log: undefined, findings };
  }
  const hasSingle = disk.status(names.singlePath)?.kind === 'file';
  findings.push(...leftovers(disk, subject, manifest));
  if (manifest !== undefined && !listsNoLog(manifest)) {
    findings.push(...multiPartFindings(disk, subject, manifest, hasSingle));
    return { log: multiPartLog(subject, manifest), findings };
  }
  if (hasSingle) {
    findings.push({
      level: 'ok',
      code: 'layout',
      text: `Single layout: the log is one file, ${names.singlePath}. Redis before 7.0 reads it; 7.0 and later move it into a folder of their own when they start.`,
    });
    const file: LogFile = { name: names.appendfilename, path: names.singlePath, role: 'single', sequence: 0 };
    return {
      log: { layout: 'single', path: file.path, folder: names.dir, files: [file], manifest: undefined },
      findings,
    };
  }
  findings.push(...noLogFindings(disk, subject));
  return { log: undefined, findings };
}

function multiPartLog({ names }: Subject, manifest: Manifest): FoundLog {
  const files = [...(manifest.base === undefined ? [] : [manifest.base]), ...manifest.incr].map(
    ({ name, sequence, type }): LogFile => ({
      name,
      path: names.inAppendDir(name),
      role: type === 'b' ? 'base' : 'incr',
      sequence,
    }),
  );
  return { layout: 'multi-part', path: names.manifestPath, folder: names.appendDir, files, manifest };
}

function multiPartFindings(disk: Disk, { names }: Subject, manifest: Manifest, hasSingle: boolean): DoctorFinding[] {
  const { base, incr } = manifest;
  const findings: DoctorFinding[] = [
    {
      level: 'ok',
      code: 'layout',
      text: `Multi-part layout, as of Redis 7: ${names.manifestPath} lists ${base === undefined ? 'no base' : `the base ${base.name}`} and ${plural(incr.length, 'file')} of what came later.`,
    },
  ];
  if (incr.length > 3) {
    findings.push({
      level: 'warning',
      code: 'layout',
      text: `${incr.length} files of what came later: each rewrite that fails leaves one more.`,
      advice:
        'Look for "Background AOF rewrite terminated" in the log of the server; INFO persistence: aof_last_bgrewrite_status.',
    });
  }
  if (hasSingle) {
    findings.push({
      level: 'warning',
      code: 'two-logs',
      text: `Beside the manifest there is a single file, ${names.singlePath}. A server of Redis 7 loads what the manifest lists and leaves the file alone; an older one loads the file.`,
      advice:
        'Decide which of them holds the data set (check-aof explain shows what is in each) and move the other away.',
    });
  }
  for (const { name } of base === undefined ? incr : [base, ...incr]) {
    if (disk.status(names.inAppendDir(name)) !== undefined) continue;
    findings.push({
      level: 'problem',
      code: 'file-missing',
      text: `${name}, which the manifest lists, is not there: no server starts.`,
      advice: `Put it back from a backup, or: check-aof repair ${names.appendDir}`,
    });
  }
  return findings;
}

/** No log: which is dangerous where there is data in another form. */
function noLogFindings(disk: Disk, subject: Subject): DoctorFinding[] {
  const { names, snapshotPath, values } = subject;
  const isOff = values?.appendonly === false;
  const unlisted = unlistedFiles(disk, subject, undefined);
  if (unlisted.length > 0) {
    return [
      {
        level: 'problem',
        code: 'manifest',
        text: `${names.appendDir} holds files of a log (${unlisted.join(', ')}), but no manifest lists them. Redis would start empty, and write over them.`,
        advice: `check-aof repair ${names.appendDir}`,
      },
    ];
  }
  if (disk.status(snapshotPath)?.kind === 'file' && !isOff) {
    return [
      {
        level: values === undefined ? 'warning' : 'problem',
        code: 'snapshot-beside',
        text: `There is a snapshot, ${snapshotPath}, and no append-only file. With appendonly yes Redis never loads a snapshot: it starts empty, and its next snapshot replaces this one.`,
        advice:
          'Start with appendonly no, then CONFIG SET appendonly yes, wait until aof_rewrite_in_progress is 0, and only then change the configuration.',
      },
    ];
  }
  const level = isOff ? 'notice' : 'warning';
  return [{ level, code: 'layout', text: `There is no append-only file in ${names.dir}.` }];
}

function unlistedFiles(disk: Disk, { names, pointedAt }: Subject, manifest: Manifest | undefined): string[] {
  if (pointedAt === 'single' || disk.status(names.appendDir)?.kind !== 'directory') return [];
  return new MultiPartLayout(disk, names, manifest).unlistedFiles();
}

/** What nobody needs any more, or what may still help. */
function leftovers(disk: Disk, subject: Subject, manifest: Manifest | undefined): DoctorFinding[] {
  const { names } = subject;
  const findings: DoctorFinding[] = [];
  const notice = (text: string, advice?: string): void => {
    findings.push({ level: 'notice', code: 'leftovers', text, ...(advice !== undefined && { advice }) });
  };
  if (disk.status(names.dir)?.kind !== 'directory') return findings;
  const sizeOf = (path: string): number => disk.status(path)?.size ?? 0;
  const temporary = listTempFiles(disk, names);
  if (temporary.length > 0) {
    const bytes = temporary.reduce((sum, path) => sum + sizeOf(path), 0);
    notice(
      `Temporary files of rewrites: ${temporary.join(', ')} (${bytesText(bytes)}). They are no part of the log.`,
      'If no server runs here, delete them.',
    );
  }
  const history = manifest?.history.filter(({ name }) => sizeOf(names.inAppendDir(name)) > 0) ?? [];
  if (history.length > 0) {
    notice(
      `From before the last rewrite there are still ${history.map(({ name }) => name).join(', ')}. The next start of a server deletes them.`,
      'If something is to be restored from them, copy them away now.',
    );
  }
  if (manifest !== undefined) {
    const unlisted = unlistedFiles(disk, subject, manifest);
    if (unlisted.length > 0)
      notice(`Files that look like parts of this log, and that the manifest does not list: ${unlisted.join(', ')}.`);
  }
  for (const folder of [names.dir, names.appendDir]) {
    if (disk.status(folder)?.kind !== 'directory') continue;
    for (const name of disk.list(folder)) {
      if (/^repair-\d+$/.test(name))
        notice(
          `${folder}/${name} holds files from before a repair.`,
          `check-aof undo takes them back; delete it when the repair has proved good.`,
        );
      if (name === UNFINISHED)
        notice(
          `${folder}/${name} is what an interrupted check-aof restore has left.`,
          'Delete it, or run the restore again.',
        );
    }
  }
  return findings;
}
