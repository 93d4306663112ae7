/** What is lost with the bytes of a file behind some offset. */
import type { DiskFile } from '@aof/disk';
import { type Loss, NO_LOSS } from './loss.ts';
import { recogniseRecords } from './recognise-records.ts';

/** Names of keys that a plan shows. */
const SHOWN_KEYS = 20;
/** Keys that are told apart; beyond, the count is a lower bound. */
const COUNTED_KEYS = 1_000_000;
/** They change nothing by themselves. */
const WITHOUT_EFFECT = new Set(['multi', 'exec', 'select']);

/** Counts commands, and the keys that they name. */
export class LossCounter {
  readonly #keys = new Set<string>();
  #commands = 0;

  add({ name, keys }: { readonly name: string; readonly keys: readonly string[] }): void {
    if (WITHOUT_EFFECT.has(name)) return;
    this.#commands++;
    if (this.#keys.size < COUNTED_KEYS) for (const key of keys) this.#keys.add(key);
  }

  /** @param bytes that are lost with them */
  loss(bytes: number): Loss {
    const keyNames = [...this.#keys].slice(0, SHOWN_KEYS);
    return { bytes, commands: this.#commands, keyNames, keyCount: this.#keys.size, unknown: [] };
  }
}

/** @throws DiskError */
export async function lossBehind(file: DiskFile, offset: number): Promise<Loss> {
  const counter = new LossCounter();
  const add = counter.add.bind(counter);
  await recogniseRecords(file, offset, add, add);
  return counter.loss(file.size() - offset);
}

/** The sum of losses; a key that several name counts once per loss. */
export function totalLoss(losses: readonly Loss[]): Loss {
  return losses.reduce(
    (sum, loss) => ({
      bytes: sum.bytes + loss.bytes,
      commands: sum.commands + loss.commands,
      keyNames: [...new Set([...sum.keyNames, ...loss.keyNames])].slice(0, SHOWN_KEYS),
      keyCount: sum.keyCount + loss.keyCount,
      unknown: [...sum.unknown, ...loss.unknown],
    }),
    NO_LOSS,
  );
}
