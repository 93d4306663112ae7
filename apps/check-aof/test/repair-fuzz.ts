/**
 * Damages real logs at random, repairs them, and looks: what the repair made loads, what redis-check-aof calls valid stays as it
 * is, and undo gives back every byte. `node test/repair-fuzz.ts [trials] [first seed]`.
 */

import { SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { checkStrictly } from '../src/index.ts';
import { NoLogError } from '../src/log-files.ts';
import { planRepair } from '../src/repair-plan.ts';
import { RepairFailedError, runRepair } from '../src/repair-run.ts';
import { undoRepair } from '../src/undo.ts';
import { put } from './corpus.ts';
import { randomComparison, randomRdbLog } from './random-log.ts';

const FOLDER = '/d';
const NOW_MS = 1_795_228_100_000;
const nothing = (): void => {};

export type FuzzOutcome = 'good' | 'repaired' | 'refused';

/** One trial. @throws Error something that must not happen */
export async function fuzzRepair(seed: number): Promise<FuzzOutcome> {
  const files = seed % 5 === 0 ? randomRdbLog(seed) : randomComparison(seed).files;
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER);
  put(disk, files, `${FOLDER}/`);
  const fail = (what: string): never => {
    throw new Error(`seed ${seed}: ${what}`);
  };
  const isAsBefore = (): boolean =>
    [...files].every(
      ([name, bytes]) =>
        disk.status(`${FOLDER}/${name}`) !== undefined &&
        Buffer.compare(disk.readFile(`${FOLDER}/${name}`), bytes) === 0,
    );
  try {
    const plan = await planRepair(disk, FOLDER, { progress: nothing, isSalvaging: seed % 3 === 0 });
    if (plan.isNothingToDo) return isAsBefore() ? 'good' : fail('a good log was changed');
    await runRepair(plan, { disk, nowMs: NOW_MS, progress: nothing });
  } catch (error) {
    if (!(error instanceof RepairFailedError || error instanceof NoLogError)) throw error;
    return isAsBefore() ? 'refused' : fail('a refused log was changed');
  }
  const log = findLog(disk, disk.status(`${FOLDER}/appendonly.aof.manifest`) ? FOLDER : `${FOLDER}/appendonly.aof`);
  const report = await checkStrictly({ disk, files: log.files, nowMs: NOW_MS, progress: nothing });
  if (report.files.some(({ isReadToEnd }) => !isReadToEnd)) fail('the repaired log cannot be read');
  await undoRepair(disk, FOLDER, false);
  return isAsBefore() ? 'repaired' : fail('undo did not give back what was there');
}

if (import.meta.main) {
  const trials = Number(process.argv[2] ?? 3000);
  const firstSeed = Number(process.argv[3] ?? 1);
  const counts = { good: 0, repaired: 0, refused: 0 };
  for (let seed = firstSeed; seed < firstSeed + trials; seed++) counts[await fuzzRepair(seed)]++;
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}
