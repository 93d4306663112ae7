/**
 * Examines a log and the configuration around it, and says beforehand what would stop a start, a rewrite or a restore.
 *
 * Invariant: nothing is written, and nothing is assumed of a configuration that was not given but what is said to be usual.
 */
import { ConfigError } from '@aof/config';
import { type Disk, DiskError } from '@aof/disk';
import type { FoundLog } from '@aof/log-reader';
import type { RdbTarget } from '@aof/rdb';
import { CommandNames, OWN_NAMES } from './command-names.ts';
import { holderText } from './command-report.ts';
import type { Access } from './doctor-access.ts';
import { examineAutoRewrite, examineConfiguration, examineRoom, examineTimestamps } from './doctor-config.ts';
import { examineContent, readContent } from './doctor-content.ts';
import type { DoctorFinding } from './doctor-finding.ts';
import { examineFiles } from './doctor-log.ts';
import { type Subject, subjectOf } from './doctor-subject.ts';
import { examineVouching } from './doctor-vouching.ts';
import type { FileHolder } from './open-files.ts';

export interface DoctorOptions {
  readonly disk: Disk;
  /** Who is to load the log, if that is known. */
  readonly server: RdbTarget | undefined;
  readonly holderOf: (path: string) => FileHolder | undefined;
  readonly accessOf: (path: string) => Access | undefined;
  readonly progress: (done: number, total: number) => void;
}

export interface Diagnosis {
  readonly subject: Subject;
  readonly log: FoundLog | undefined;
  readonly findings: readonly DoctorFinding[];
}

/** @param path absolute: of a folder, a log, or a configuration @throws ConfigError, LayoutError, DiskError */
export async function diagnose(path: string, options: DoctorOptions): Promise<Diagnosis> {
  const { disk, server } = options;
  const subject = subjectOf(disk, path);
  const { values, passedOver, names } = subject;
  const findings = values === undefined ? [] : examineConfiguration(values, passedOver);
  if (subject.isDirRelative) {
    const text = `The configuration has no absolute dir: where the data is depends on where the server is started. Looked at is ${names.dir}.`;
    findings.push({ level: 'notice', code: 'config', text, advice: 'Set dir to an absolute path.' });
  }
  if (disk.status(names.dir)?.kind !== 'directory') {
    const text = `The folder of the data, ${names.dir}, is not there.`;
    return { subject, log: undefined, findings: [...findings, { level: 'problem', code: 'layout', text }] };
  }
  const examined = examineFiles(disk, subject);
  findings.push(...examined.findings);
  const { log } = examined;
  if (log === undefined) return { subject, log, findings };
  const access = examineAccess(log, subject, options);
  findings.push(...access, ...examineHolder(log, options));
  const isMissing = findings.some(({ code }) => code === 'file-missing');
  if (isMissing || access.some(({ advice }) => advice === UNREADABLE)) return { subject, log, findings };
  const content = await readContent(disk, log, namesOf(subject, findings), options.progress);
  findings.push(...examineContent(content, log, server), ...(await examineVouching(disk, log)));
  if (values?.appendonly === false) return { subject, log, findings };
  const base = log.files.find(({ role }) => role === 'base');
  const sizes = {
    totalBytes: content.totalBytes,
    baseBytes: base === undefined ? undefined : (disk.status(base.path)?.size ?? 0),
  };
  findings.push(
    ...examineTimestamps(values, content.commands === 0 && !content.hasTimes ? undefined : content.hasTimes),
  );
  findings.push(...examineAutoRewrite(values, sizes));
  findings.push(...examineRoom(freeBytes(disk, log.folder), sizes));
  return { subject, log, findings };
}

/** A Redis takes lines by which a name means two commands, one for clients and one for itself. */
function namesOf({ directives }: Subject, findings: DoctorFinding[]): CommandNames {
  try {
    return new CommandNames(directives);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const text = `The configuration renames commands so that the log cannot be read by their names: ${error.message}.`;
    findings.push({ level: 'warning', code: 'config', text });
    return OWN_NAMES;
  }
}

function freeBytes(disk: Disk, folder: string): number | undefined {
  try {
    return disk.freeBytes(folder);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return undefined;
  }
}

function examineHolder(log: FoundLog, { holderOf }: DoctorOptions): DoctorFinding[] {
  const holder = holderOf(log.layout === 'single' ? log.path : log.folder);
  if (holder === undefined) return [];
  const text = `${holderText(holder)}. What is said here may have changed by now.`;
  return [
    { level: 'notice', code: 'running', text, advice: 'Do not repair, move or replace the files while it runs.' },
  ];
}

const OWNER_WRITES = 0o200;
const OTHERS_READ = 0o004;

/** A server of the folder's owner must be able to read all of it, and to write into the folder and the last file. */
function examineAccess(log: FoundLog, { names }: Subject, { accessOf }: DoctorOptions): DoctorFinding[] {
  const owner = accessOf(names.dir)?.ownerId;
  if (owner === undefined) return [];
  const last = log.files.at(-1)?.path;
  const paths = new Set([log.folder, log.path, ...log.files.map(({ path }) => path)]);
  const findings = [...paths].flatMap((path) => {
    const access = accessOf(path);
    if (access === undefined) return [];
    const finding = accessFinding(path, access, path === log.folder || path === last, { dir: names.dir, owner });
    return finding === undefined ? [] : [finding];
  });
  if (findings.length > 0) return findings;
  const text = 'The owner of the folder may read the files, and write where a server writes.';
  return [{ level: 'ok', code: 'permissions', text }];
}

function accessFinding(
  path: string,
  { isReadable, ownerId, mode }: Access,
  isWritten: boolean,
  { dir, owner }: { readonly dir: string; readonly owner: number },
): DoctorFinding | undefined {
  const code = 'permissions';
  if (!isReadable) {
    return { level: 'problem', code, text: `${path} may not be read by who runs this.`, advice: UNREADABLE };
  }
  if (ownerId !== owner && (isWritten || (mode & OTHERS_READ) === 0)) {
    const text = `${path} belongs to user ${ownerId}, and ${dir} to user ${owner}: a server of that user may not get at it, and then does not start.`;
    return { level: 'warning', code, text, advice: `chown --reference=${dir} ${path}` };
  }
  if (!isWritten || (mode & OWNER_WRITES) !== 0) return undefined;
  const text = `${path} may not be written by its owner (mode ${mode.toString(8)}): the server does not start.`;
  return { level: 'problem', code, text, advice: `chmod u+w ${path}` };
}

const UNREADABLE = 'Run this as the user of the server.';
