/** Logs for tests, on a simulated disk: records as text, and an oracle that reads them in the plainest way. */
import { writeWhole } from '@aof/aof-files';
import { SimDisk } from '@aof/disk';
import { encodeCommand } from '@aof/resp-codec';

export const SINGLE = '/d/appendonly.aof';
export const FOLDER = '/d/appendonlydir';

/** A record: `SET key value`, split at blanks. Anything that begins with `#` is an annotation. */
export function record(text: string): Buffer {
  if (text.startsWith('#')) return Buffer.from(`${text}\r\n`, 'latin1');
  return Buffer.from(encodeCommand(text.split(' ')));
}

export function records(...texts: string[]): Buffer {
  return Buffer.concat(texts.map(record));
}

export function put(disk: SimDisk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, 'truncate');
  writeWhole(file, bytes);
  file.close();
}

export function append(disk: SimDisk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, 'append');
  writeWhole(file, bytes);
  file.close();
}

export function singleLog(bytes: Uint8Array): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  put(disk, SINGLE, bytes);
  return disk;
}

/** A log of the multi-part layout; names end with `.base.rdb`, `.base.aof` or `.incr.aof`. */
export function multiPartLog(files: Readonly<Record<string, Uint8Array>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory('/d');
  disk.makeDirectory(FOLDER);
  const lines = Object.entries(files).map(([name, bytes]) => {
    put(disk, `${FOLDER}/${name}`, bytes);
    const [, sequence, role] = /\.(\d+)\.(base|incr)\./.exec(name) ?? [];
    return `file ${name} seq ${sequence} type ${role === 'base' ? 'b' : 'i'}\n`;
  });
  put(disk, `${FOLDER}/appendonly.aof.manifest`, Buffer.from(lines.join('')));
  return disk;
}

/** A command as an oracle sees it. */
export interface PlainCommand {
  readonly database: number;
  readonly args: readonly string[];
  readonly fileOffset: number;
  readonly endOffset: number;
  readonly atSeconds: number | undefined;
  readonly isInTransaction: boolean;
}

/** Every whole record of one file without an RDB part, by splitting text: slow, and nothing to go wrong. */
export function plainCommands(bytes: Buffer, before?: number): PlainCommand[] {
  const text = bytes.toString('latin1');
  const commands: PlainCommand[] = [];
  let [at, database, isInTransaction] = [0, 0, false];
  let atSeconds = before;
  const line = (): string => {
    const end = text.indexOf('\r\n', at);
    const found = text.slice(at, end);
    at = end + 2;
    return found;
  };
  while (at < text.length) {
    const fileOffset = at;
    const head = line();
    if (head.startsWith('#')) {
      if (head.startsWith('#TS:')) atSeconds = Number(head.slice(4));
      continue;
    }
    const args = Array.from({ length: Number(head.slice(1)) }, () => {
      const length = Number(line().slice(1));
      at += length + 2;
      return text.slice(at - length - 2, at - 2);
    });
    const name = args[0]?.toLowerCase();
    if (name === 'select') database = Number(args[1]);
    if (name === 'multi') isInTransaction = true;
    commands.push({ database, args, fileOffset, endOffset: at, atSeconds, isInTransaction });
    if (name === 'exec') isInTransaction = false;
  }
  return commands;
}
