/**
 * Logs that are vouched for, and random damage to them: whatever changes, --strict says so.
 * `node test/vouching.ts [trials] [first seed]`.
 */
import { appendChecksums, ChecksumVerifier } from '@aof/aof-files';
import { type Disk, SimDisk } from '@aof/disk';
import { checkStrictly } from '../src/index.ts';
import { put } from './corpus.ts';
import { below, type Chance, mutated, seededChance } from './mutation.ts';

const LOG = '/appendonly.aof';

/** Vouches for the first `end` bytes of a file, as they are now. */
export function vouchFor(disk: Disk, path: string, end = disk.status(path)?.size ?? 0): void {
  const verifier = new ChecksumVerifier(undefined, true);
  verifier.take(disk.readFile(path).subarray(0, end), 0);
  appendChecksums(disk, path, verifier.uncovered);
}

export function record(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** Records with values of any bytes, in which no change of a byte looks strange. */
export function binaryLog(chance: Chance, records: number, valueBytes: number): Buffer {
  const texts = [record('SELECT', '0')];
  for (let i = 0; i < records; i++) {
    const value = Buffer.alloc(below(chance, valueBytes));
    for (let at = 0; at < value.length; at++) value[at] = below(chance, 256);
    texts.push(record('SET', `key:${i}`, value.toString('latin1')));
  }
  return Buffer.from(texts.join(''), 'latin1');
}

/** One trial. @returns findings of the damaged log, 0 only if it came out as it was @throws Error what must not happen */
export async function damageTrial(seed: number): Promise<number> {
  const chance = seededChance(seed);
  const isLong = seed % 50 === 0;
  const content = binaryLog(chance, isLong ? 60 : 12, isLong ? 4000 : 120);
  const disk = new SimDisk();
  put(disk, [[LOG, content]]);
  vouchFor(disk, LOG);
  const changed = seed % 2 === 0 ? mutated(content, chance) : withOtherByte(content, chance);
  put(disk, [[LOG, changed]]);
  const files = [{ name: LOG, path: LOG, role: 'single' }] as const;
  const { findingCount } = await checkStrictly({ disk, files, nowMs: 0, progress: () => {} });
  // A record that was added behind is one that nobody vouches for.
  const isSame = Buffer.compare(content, changed.subarray(0, content.length)) === 0;
  if (!isSame && findingCount === 0) throw new Error(`seed ${seed}: the damage was not found`);
  if (isSame && changed.length === content.length && findingCount > 0) throw new Error(`seed ${seed}: there is none`);
  return findingCount;
}

function withOtherByte(content: Buffer, chance: Chance): Buffer {
  const copy = Buffer.from(content);
  const at = below(chance, copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 + below(chance, 255));
  return copy;
}

if (import.meta.main) {
  const trials = Number(process.argv[2] ?? 10_000);
  const firstSeed = Number(process.argv[3] ?? 1);
  let damaged = 0;
  for (let seed = firstSeed; seed < firstSeed + trials; seed++) if ((await damageTrial(seed)) > 0) damaged++;
  process.stdout.write(`${damaged} of ${trials} logs were damaged, and all of those were found\n`);
}
