/** The fixtures: logs that real servers wrote, whole and damaged, on a disk of their own. */
import fs from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { writeWhole } from '@aof/aof-files';
import { type Disk, SimDisk } from '@aof/disk';

const FIXTURES = new URL('../fixtures/', import.meta.url);
export const SERVERS = ['redis-7.0.15', 'valkey-8.1-dev'] as const;
export const MODES = ['aof-base', 'rdb-base', 'timestamps'] as const;
export const MANIFEST = 'appendonly.aof.manifest';
export const SINGLE = 'appendonly.aof';
/** When the verdicts were recorded: some keys had expired by then. */
export const RECORDED_AT_MS = Date.UTC(2026, 10, 21, 2, 29, 9);

export interface Verdict {
  readonly edit: { readonly at: number; readonly remove: number; readonly insert: string } | null;
  readonly stdout: string;
  readonly exit: 0 | 1;
  readonly fix_stdout: string;
  readonly fix_exit: 0 | 1;
  readonly fixed_bytes: number;
  readonly server: StartVerdict;
  /** With `aof-load-truncated no`. */
  readonly server_no_truncated: StartVerdict;
}

export interface StartVerdict {
  readonly starts: boolean;
  readonly keys?: number;
  readonly digest?: string;
}

export interface Corpus {
  /** Names and contents: manifest, base, incr. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly incrName: string;
  readonly single: Buffer;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

export function readCorpus(server: string, mode: string): Corpus {
  const folder = new URL(`${server}/${mode}/`, FIXTURES);
  const files = new Map<string, Buffer>();
  for (const name of fs
    .readdirSync(folder)
    .filter((found) => found.endsWith('.gz') && !found.startsWith('expected'))
    .sort()) {
    files.set(name.slice(0, -3), gunzipSync(fs.readFileSync(new URL(name, folder))));
  }
  const part = (kind: string): [string, Buffer] => {
    const found = [...files].find(([name]) => name.includes(kind));
    if (found === undefined) throw new Error(`no ${kind} in ${folder.pathname}`);
    return found;
  };
  const [incrName, incr] = part('.incr.');
  const verdicts: Record<string, Verdict> = JSON.parse(fs.readFileSync(new URL('verdicts.json', folder), 'utf8'));
  return { files, incrName, single: Buffer.concat([part('.base.')[1], incr]), verdicts };
}

/** A damaged copy of `bytes`. */
export function damaged(bytes: Buffer, edit: Verdict['edit']): Buffer {
  if (edit === null) return bytes;
  const { at, remove, insert } = edit;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(insert, 'latin1'), bytes.subarray(at + remove)]);
}

/** The variant's files, in `folder` ('' for the working folder) of a disk in memory. */
export function variantFiles(corpus: Corpus, name: string): ReadonlyMap<string, Buffer> {
  const edit = corpus.verdicts[name]?.edit ?? null;
  if (name.startsWith('single-')) return new Map([[SINGLE, damaged(corpus.single, edit)]]);
  const files = new Map(corpus.files);
  files.set(corpus.incrName, damaged(files.get(corpus.incrName) ?? Buffer.alloc(0), edit));
  return files;
}

export function put(disk: Disk, files: Iterable<readonly [string, Uint8Array]>, folder = ''): void {
  for (const [name, bytes] of files) {
    const file = disk.open(folder + name, 'truncate');
    writeWhole(file, bytes);
    file.close();
  }
}

export function diskWith(files: Iterable<readonly [string, Uint8Array]>): SimDisk {
  const disk = new SimDisk();
  put(disk, files);
  disk.settleAll();
  return disk;
}
