/** Logs in memory, check-aof run on them, and what the results load as. */
import { type Disk, SimDisk } from '@aof/disk';
import { readLog } from '@aof/log-reader';
import { expect } from 'vitest';
import { Replay } from '../src/replay.ts';
import { digestOf } from '../src/restore-data-set.ts';
import { put } from './corpus.ts';
import { type ProgramRun, runOn, type World } from './environment.ts';

export const LOG = '/data/appendonlydir';
export const BASE = 'appendonly.aof.1.base.aof';
export const INCR = 'appendonly.aof.1.incr.aof';
export const INCR_2 = 'appendonly.aof.2.incr.aof';
export const NOW_MS = Date.UTC(2026, 10, 21, 12);

export function record(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** A disk with a log of several files; names without `.base.` are incr files. */
export function diskOf(files: Readonly<Record<string, string | Uint8Array>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(LOG, { recursive: true });
  const names = Object.keys(files);
  const lines = names.map((name) => {
    const sequence = /\.(\d+)\.(base|incr)\./.exec(name)?.[1];
    return `file ${name} seq ${sequence} type ${name.includes('.base.') ? 'b' : 'i'}\n`;
  });
  const contents = names.map((name) => {
    const content = files[name] ?? '';
    return [name, typeof content === 'string' ? Buffer.from(content, 'latin1') : content] as const;
  });
  put(disk, [...contents, ['appendonly.aof.manifest', Buffer.from(lines.join(''))]], `${LOG}/`);
  disk.settleAll();
  return disk;
}

/** Runs check-aof at NOW_MS. */
export function run(disk: Disk, args: readonly string[], world: World = {}): Promise<ProgramRun> {
  return runOn(disk, args, { nowMs: NOW_MS, ...world });
}

/** The same with `--json`. */
export async function document(disk: Disk, args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(disk, [...args, '--json']);
  return JSON.parse(stdout);
}

/** The commands of a log in order, as words, without MULTI, EXEC and SELECT. */
export async function commandsOf(disk: Disk, path: string): Promise<string[]> {
  const commands: string[] = [];
  for await (const batch of readLog(disk, path)) {
    for (const event of batch) {
      if (event.kind !== 'command') continue;
      const { request } = event;
      const words = Array.from({ length: request.count }, (_, i) => request.latin1(i));
      if (!['MULTI', 'EXEC', 'SELECT'].includes(words[0] ?? '')) commands.push(words.join(' '));
    }
  }
  return commands;
}

/** The data set that a log makes, as `database/key` and the digest of all. */
export async function loaded(disk: Disk, path: string): Promise<{ readonly keys: string[]; readonly digest: string }> {
  const replay = new Replay(NOW_MS);
  for await (const batch of readLog(disk, path)) {
    for (const event of batch) {
      if (event.kind === 'file-begin') replay.beginFile();
      else if (event.kind === 'entry') replay.applyEntry(event.entry);
      else if (event.kind === 'command') replay.apply(event.request);
    }
  }
  const { keyspace } = replay;
  const keys = keyspace.databases.flatMap((db) => [...db.dictionary.keys()].map((key) => `${db.index}/${key}`));
  return { keys: keys.sort(), digest: digestOf(keyspace) };
}

/** Names and contents of all files below a folder. */
export function contentsBelow(disk: Disk, folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of disk.list(folder)) {
    const path = `${folder}/${name}`;
    if (disk.status(path)?.kind === 'directory')
      for (const [at, text] of contentsBelow(disk, path)) found.set(at, text);
    else found.set(path, Buffer.from(disk.readFile(path)).toString('latin1'));
  }
  return found;
}

export const OUT = '/restored';
export const SELECT = record('SELECT', '0');
export const set = (key: string, value = '1'): string => record('SET', key, value);

/** Restores the log of these files to OUT, and sees that the log itself is as it was. */
export async function restored(files: Readonly<Record<string, string | Uint8Array>>, ...args: string[]) {
  const disk = diskOf(files);
  const before = contentsBelow(disk, '/data');
  const answer = await document(disk, ['restore', '/data', '--to', OUT, ...args]);
  expect(contentsBelow(disk, '/data')).toEqual(before);
  if (answer.status !== 0) expect(disk.status(OUT)).toBeUndefined();
  const commands = answer.status === 0 ? await commandsOf(disk, OUT) : undefined;
  return { disk, answer, commands };
}

export const FLUSHED = {
  [BASE]: SELECT + set('old'),
  [INCR]: SELECT + set('a') + record('FLUSHALL') + set('b'),
  [INCR_2]: SELECT + set('c') + record('flushall', 'ASYNC') + set('d') + set('d', '2'),
};
