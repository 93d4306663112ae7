/**
 * What a repair keeps, by keys and values: every broken log of the corpora is repaired, loaded, and compared with what the real
 * server had in memory.
 */

import { type Disk, SimDisk } from '@aof/disk';
import { findLog } from '@aof/log-reader';
import { RdbReader } from '@aof/rdb';
import { describe, expect, test } from 'vitest';
import { entriesOf } from '../src/rdb-part.ts';
import { recogniseRecords } from '../src/recognise-records.ts';
import { planRepair, type RepairPlan } from '../src/repair-plan.ts';
import { runRepair } from '../src/repair-run.ts';
import { TrialLoad } from '../src/trial-load.ts';
import {
  type Corpus,
  MODES,
  put,
  RECORDED_AT_MS,
  readCorpus,
  SERVERS,
  SINGLE,
  type Verdict,
  variantFiles,
} from './corpus.ts';
import { type DataSet, dataSetOf, differing, readExpected } from './expected-data.ts';

const FOLDER = '/log';
const nothing = (): void => {};

function diskOf(files: Iterable<readonly [string, Uint8Array]>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(FOLDER);
  put(disk, files, `${FOLDER}/`);
  return disk;
}

async function loaded(disk: Disk, path: string): Promise<DataSet> {
  const load = new TrialLoad({ disk, files: findLog(disk, path).files, nowMs: RECORDED_AT_MS, progress: nothing });
  await load.run();
  return dataSetOf(load.keyspace, RECORDED_AT_MS);
}

const planned = (disk: Disk, path: string, isSalvaging: boolean): Promise<RepairPlan> =>
  planRepair(disk, path, { progress: nothing, isSalvaging });

async function repair(disk: Disk, plan: RepairPlan): Promise<void> {
  if (!plan.isNothingToDo) await runRepair(plan, { disk, nowMs: RECORDED_AT_MS, progress: nothing });
}

/** Keys, without their databases, that are named by what lies between two offsets of a log. */
async function keysNamed(bytes: Uint8Array, from: number, to: number): Promise<string[]> {
  const disk = diskOf([['x', bytes]]);
  const file = disk.open(`${FOLDER}/x`, 'read');
  const keys: string[] = [];
  const reader = new RdbReader();
  const isRdb = Buffer.from(bytes.subarray(0, 5)).toString('latin1') === 'REDIS';
  const places: [key: string, offset: number][] = [];
  if (isRdb)
    for await (const entry of entriesOf(file, reader))
      if (entry.kind === 'key') places.push([entry.key, entry.fileOffset]);
  // Up to where the next one begins.
  for (const [i, [key, offset]] of places.entries())
    if (offset < to && (places[i + 1]?.[1] ?? reader.endOffset) > from) keys.push(key);
  await recogniseRecords(file, isRdb ? reader.endOffset : 0, (record) => {
    if (record.end > from && record.offset < to) keys.push(...record.keys);
  });
  return keys;
}

/** Keys that the damage hit, by what the log was and what it is. */
async function keysHit({ whole, broken, edit }: Variant, end: number): Promise<Set<string>> {
  const now = await keysNamed(broken, edit.at, edit.at + Math.max(edit.insert.length, 1));
  return new Set([...(await keysNamed(whole, edit.at, end)), ...now]);
}

interface Variant {
  readonly path: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** The file that is damaged, before and after. */
  readonly whole: Buffer;
  readonly broken: Buffer;
  readonly edit: NonNullable<Verdict['edit']>;
}

function variantOf(corpus: Corpus, name: string): Variant {
  const isSingle = name.startsWith('single-');
  const whole = isSingle ? corpus.single : (corpus.files.get(corpus.incrName) ?? Buffer.alloc(0));
  const files = variantFiles(corpus, name);
  const broken = files.get(isSingle ? SINGLE : corpus.incrName) ?? Buffer.alloc(0);
  const edit = corpus.verdicts[name]?.edit ?? { at: 0, remove: 0, insert: '' };
  return { path: isSingle ? `${FOLDER}/${SINGLE}` : FOLDER, files, whole, broken, edit };
}

const named = (dataSet: readonly string[]): string[] => dataSet.map((place) => place.slice(place.indexOf('/') + 1));

describe.each(SERVERS)('%s', (server) => {
  describe.each(MODES)('%s', (mode) => {
    const corpus = readCorpus(server, mode);
    const expected = readExpected(server, mode);
    const variants = Object.keys(corpus.verdicts);

    test('undamaged, it is what the server had', async () => {
      expect(differing(await loaded(diskOf(corpus.files), FOLDER), expected)).toEqual([]);
      expect(differing(await loaded(diskOf([[SINGLE, corpus.single]]), `${FOLDER}/${SINGLE}`), expected)).toEqual([]);
    });

    test.each(variants)('%s, repaired', async (name) => {
      const variant = variantOf(corpus, name);
      const { path, files, edit } = variant;
      const disk = diskOf(files);
      const plan = await planned(disk, path, false);
      if (plan.files.some(({ unrunnable }) => unrunnable !== undefined)) {
        // The command's name was hit: leaving it out is for --salvage.
        expect(name).toBe('incr-flip-2');
        await expect(loaded(disk, path)).rejects.toThrow("Unknown command 'SDT'");
        return;
      }
      await repair(disk, plan);
      const wrong = named(differing(await loaded(disk, path), expected));
      // Where nothing is repaired (a byte of a value was changed), only what the damage hit may be wrong. Else all behind it.
      const hitEnd = plan.isNothingToDo ? edit.at + Math.max(edit.remove, 1) : Number.POSITIVE_INFINITY;
      const hit = await keysHit(variant, hitEnd);
      expect(wrong.filter((key) => !hit.has(key))).toEqual([]);
    });

    test.each(variants)('%s, salvaged', async (name) => {
      const variant = variantOf(corpus, name);
      const { path, files, edit } = variant;
      const disk = diskOf(files);
      const plan = await planned(disk, path, true);
      await repair(disk, plan);
      const wrong = named(differing(await loaded(disk, path), expected));
      // Only what the damage hit, and those that the plan names.
      const hit = await keysHit(variant, edit.at + Math.max(edit.remove, 1));
      for (const { salvage } of plan.files) for (const { key } of salvage?.doubtfulKeys ?? []) hit.add(key);
      expect(wrong.filter((key) => !hit.has(key))).toEqual([]);
    });
  });
});
