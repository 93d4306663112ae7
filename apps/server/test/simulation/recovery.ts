/** What a restart finds on a disk after a crash, as data that can be compared. */
import { AofRecordReader, RECORD } from '@aof/aof-files';
import type { ConfigValues } from '@aof/config';
import type { SimDisk } from '@aof/disk';
import { stringText, typeName } from '@aof/keyspace';
import { ENTRY, NEED_MORE, RdbReader } from '@aof/rdb';
import type { Engine } from '../../src/engine.ts';
import { digestOfValue } from './digest.ts';
import { DIR, Machine } from './machine.ts';

/** A data set: each key, as `database/key`, with what it holds. */
export type State = readonly { readonly key: string; readonly text: string; readonly expireAtMs: number }[];

export function stateOf({ keyspace }: Engine): State {
  return keyspace.databases.flatMap((db) =>
    [...db.dictionary.keys()].map((key) => {
      const value = db.peek(key);
      const expireAtMs = db.expireAt(key);
      const content =
        value !== undefined && typeName(value) === 'string' ? stringText(value as string) : digestOfValue(db, key); // a string by its type
      const name = `${db.index}/${key}`;
      return { key: name, text: `${name} ${expireAtMs} ${content}`, expireAtMs };
    }),
  );
}

/** A data set as clients see it at `nowMs`: what has expired is not there, whether or not it has been removed. */
export function visible(state: State, nowMs: number): string {
  return state
    .filter(({ expireAtMs }) => expireAtMs < 0 || expireAtMs > nowMs)
    .map(({ text }) => text)
    .sort()
    .join('\n');
}

/** The lines of one data set, as `visible` tells it, that the other does not have, both ways. */
export function difference(found: string, last: string): string {
  const [a, b] = [new Set(found.split('\n')), new Set(last.split('\n'))];
  const only = (one: Set<string>, other: Set<string>, sign: string) =>
    [...one].filter((line) => !other.has(line)).map((line) => `${sign} ${line.slice(0, 100)}`);
  return [...only(a, b, '+'), ...only(b, a, '-')].join('\n');
}

export interface Recovery {
  /** As clients see it, or undefined if the server refuses to start. */
  readonly state: string | undefined;
  readonly refusal: string | undefined;
  readonly machine: Machine;
}

/** Starts a server on `disk`. */
export async function recover(disk: SimDisk, config: Partial<ConfigValues>, nowMs: number): Promise<Recovery> {
  const machine = new Machine({ disk, config, nowMs });
  try {
    await machine.start();
    return { state: visible(stateOf(machine.engine), nowMs), refusal: undefined, machine };
  } catch (error) {
    return { state: undefined, refusal: String(error), machine };
  }
}

/**
 * Cuts the log where a NUL byte is among its records. The histories write none, so it is a sector that never reached the
 * platter; nothing in a log vouches for the bytes of a value, so no server could see it. An RDB part was synced before it got its
 * name: it is left alone, whatever it looks like.
 * @returns whether there was one
 */
export function cutDamage(disk: SimDisk): boolean {
  let isDamaged = false;
  for (const [path, content] of disk.contents()) {
    if (!path.startsWith(`${DIR}/`) || path.endsWith('.manifest') || path.endsWith('.crc64') || path.includes('/temp-'))
      continue;
    const recordsAt = rdbPartEnd(content);
    const damagedAt = content.indexOf(0, recordsAt);
    if (damagedAt < 0) continue;
    isDamaged = true;
    const file = disk.open(path, 'append');
    file.truncate(recordsAt + lastRecordEnd(content.subarray(recordsAt, damagedAt)));
    file.syncNow();
    file.close();
  }
  return isDamaged;
}

/** 0 without one; the end of the file if it is damaged. */
function rdbPartEnd(bytes: Uint8Array): number {
  if (Buffer.from(bytes.subarray(0, 5)).toString('latin1') !== 'REDIS') return 0;
  const reader = new RdbReader();
  let isFed = false;
  for (let status = reader.next(); status === ENTRY || status === NEED_MORE; status = reader.next()) {
    if (status === ENTRY) continue;
    if (isFed) reader.end();
    else reader.feed(bytes);
    isFed = true;
  }
  return reader.error === undefined ? reader.endOffset : bytes.length;
}

function lastRecordEnd(bytes: Uint8Array): number {
  const reader = new AofRecordReader({ mode: 'load' });
  reader.feed(bytes);
  let end = 0;
  while (reader.next() === RECORD) end = reader.endOffset;
  return end;
}
