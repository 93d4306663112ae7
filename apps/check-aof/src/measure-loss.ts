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

/** @throws DiskError */
export async function lossBehind(file: DiskFile, offset: number): Promise<Loss> {
  const keys = new Set<string>();
  let commands = 0;
  await recogniseRecords(file, offset, (record) => {
    if (WITHOUT_EFFECT.has(record.name)) return;
    commands++;
    if (keys.size < COUNTED_KEYS) for (const key of record.keys) keys.add(key);
  });
  const keyNames = [...keys].slice(0, SHOWN_KEYS);
  return { bytes: file.size() - offset, commands, keyNames, keyCount: keys.size, unknown: [] };
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
