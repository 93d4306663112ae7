/** What is lost with the bytes of a file behind some offset. */
import type { DiskFile } from '@aof/disk';
import type { BrokenRecord } from './broken-record.ts';
import type { CommandNames } from './command-names.ts';
import { KeySet } from './key-place.ts';
import { type Loss, NO_LOSS } from './loss.ts';
import { type RecognisedRecord, recogniseRecords } from './recognise-records.ts';

/** Names of keys that a plan shows. */
const SHOWN_KEYS = 20;
/** Keys that are told apart; beyond, the count is a lower bound. */
const COUNTED_KEYS = 1_000_000;
/** They change nothing by themselves. */
const WITHOUT_EFFECT = new Set(['multi', 'exec', 'select']);

/** Counts commands, and the keys that they name. */
export class LossCounter {
  readonly #keys = new KeySet();
  #commands = 0;

  /** @param database that the command works on */
  add({ name, keys }: BrokenRecord, database: number): void {
    if (WITHOUT_EFFECT.has(name)) return;
    this.#commands++;
    if (this.#keys.size < COUNTED_KEYS) for (const key of keys) this.#keys.add({ database, key });
  }

  /** @param bytes that are lost with them */
  loss(bytes: number): Loss {
    return {
      bytes,
      commands: this.#commands,
      keys: this.#keys.first(SHOWN_KEYS),
      keyCount: this.#keys.size,
      unknown: [],
    };
  }
}

/** What is lost, and how many of its commands are whole, so that a salvage would keep them. */
export interface LossBehind {
  readonly loss: Loss;
  readonly salvageable: number;
}

/** @param database in which what is there begins @throws DiskError */
export async function lossBehind(
  file: DiskFile,
  offset: number,
  database: number,
  names: CommandNames,
): Promise<LossBehind> {
  const counter = new LossCounter();
  let at = database;
  let salvageable = 0;
  /** Commands of the open transaction, of which the end may be lost. */
  let pending: number | undefined;
  const add = (record: RecognisedRecord): void => {
    const { name } = record;
    if (name === 'select') at = record.databases[0] ?? at;
    counter.add(record, at);
    if (name === 'multi') pending = 0;
    else if (name === 'exec') {
      salvageable += pending ?? 0;
      pending = undefined;
    } else if (!WITHOUT_EFFECT.has(name)) {
      if (pending === undefined) salvageable++;
      else pending++;
    }
  };
  const addBroken = (record: BrokenRecord): void => {
    pending = undefined;
    counter.add(record, at);
  };
  await recogniseRecords(file, offset, add, addBroken, names);
  return { loss: counter.loss(file.size() - offset), salvageable };
}

/** The sum of losses; a key that several name counts once per loss. */
export function totalLoss(losses: readonly Loss[]): Loss {
  const keys = new KeySet();
  for (const loss of losses) for (const place of loss.keys) keys.add(place);
  return losses.reduce(
    (sum, loss) => ({
      bytes: sum.bytes + loss.bytes,
      commands: sum.commands + loss.commands,
      keys: sum.keys,
      keyCount: sum.keyCount + loss.keyCount,
      unknown: [...sum.unknown, ...loss.unknown],
    }),
    { ...NO_LOSS, keys: keys.first(SHOWN_KEYS) },
  );
}
