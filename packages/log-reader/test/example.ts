import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { NodeDisk } from '@aof/disk';
import { isTailCursor, type TailCommand, type TailEvent, type TailLogOptions, tailLog } from '@aof/log-reader';

/** Whoever wants to know what changes: a search index, a cache, a queue. */
export interface Copy {
  clear(): void;
  entry(entry: Extract<TailEvent, { type: 'entry' }>['entry']): void;
  /** One command, or all of a transaction. */
  apply(commands: readonly TailCommand[]): void;
}

/** Keeps a copy of what is in a server, and its own place in a file: it may end and be started again. */
export async function follow(log: string, placeFile: string, copy: Copy, options: TailLogOptions): Promise<void> {
  const kept: unknown = existsSync(placeFile) ? JSON.parse(readFileSync(placeFile, 'utf8')) : undefined;
  let place = isTailCursor(kept) ? kept : undefined;
  const keep = (): void => {
    writeFileSync(`${placeFile}.new`, JSON.stringify(place ?? null));
    renameSync(`${placeFile}.new`, placeFile);
  };
  for await (const event of tailLog(new NodeDisk(), log, { ...options, cursor: place })) {
    place = 'cursor' in event ? event.cursor : undefined;
    if (event.type === 'snapshot-begin') copy.clear();
    else if (event.type === 'entry') copy.entry(event.entry);
    else if (event.type === 'command' || event.type === 'snapshot-command') copy.apply([event]);
    else if (event.type === 'transaction') copy.apply(event.commands);
    else if (event.type === 'caught-up') keep();
  }
  keep();
}
