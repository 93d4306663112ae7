/** One random comparison: a real log, damaged, and a way to call the checker. */
import type { CheckMode } from '../src/index.ts';
import { type Corpus, MANIFEST, readCorpus, SINGLE } from './corpus.ts';
import { below, type Chance, mutated, mutatedManifest, pick, seededChance } from './mutation.ts';
import type { Comparison } from './oracle.ts';

/** Records that fit on a page: damage hits something else each time. */
const SMALL = Buffer.from(
  '#TS:1795228000\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\r\n\r\n*1\r\n$5\r\nMULTI\r\n*4\r\n$4\r\nHSET\r\n' +
    '$1\r\nh\r\n$1\r\nf\r\n$0\r\n\r\n#TS:1795228080\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*1\r\n$4\r\nEXEC\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n',
  'latin1',
);

const corpora = new Map<string, Corpus>();

function corpusOf(mode: string): Corpus {
  const corpus = corpora.get(mode) ?? readCorpus('redis-7.0.15', mode);
  corpora.set(mode, corpus);
  return corpus;
}

/**
 * redis-check-aof 7.0 takes a file for a manifest if any of its lines begins with `file`, be it a value in the middle of a log;
 * later versions look at the first line alone, and so does ours.
 */
function hasLateManifestLine({ files, path }: Comparison): boolean {
  const lines = (files.get(path.replace('./', '')) ?? '').toString('latin1').split('\n');
  const first = lines.findIndex((line) => !line.startsWith('#'));
  return !lines[first]?.startsWith('file') && lines.slice(first).some((line) => line.startsWith('file'));
}

/** The comparison of this seed, or of one derived from it if that one is not comparable. */
export function randomComparison(seed: number): Comparison {
  for (let derived = seed; ; derived += 1_000_003) {
    const comparison = anyComparison(derived);
    if (!hasLateManifestLine(comparison)) return comparison;
  }
}

function anyComparison(seed: number): Comparison {
  const chance = seededChance(seed);
  const mode = randomMode(chance);
  const answer = pick(chance, ['y', 'y\n', 'Yes', 'n', '', '\n']);
  const corpus = corpusOf(pick(chance, ['aof-base', 'timestamps']));
  const incr = corpus.files.get(corpus.incrName) ?? Buffer.alloc(0);
  const target = chance();
  if (target < 0.5) {
    const bytes = pick(chance, [SMALL, SMALL, SMALL, incr, corpus.single]);
    return {
      files: new Map([[SINGLE, mutated(bytes, chance)]]),
      path: pick(chance, [SINGLE, `./${SINGLE}`]),
      mode,
      answer,
    };
  }
  const files = new Map(corpus.files);
  // A base as long as the real one would only cost time.
  for (const name of files.keys()) if (name.includes('.base.')) files.set(name, SMALL);
  if (chance() < 0.5) {
    files.set('appendonly.aof.3.incr.aof', chance() < 0.3 ? Buffer.alloc(0) : SMALL);
    const manifest = files.get(MANIFEST) ?? Buffer.alloc(0);
    files.set(MANIFEST, Buffer.concat([manifest, Buffer.from('file appendonly.aof.3.incr.aof seq 3 type i\n')]));
  }
  const names = [...files.keys()].filter((name) => name !== MANIFEST);
  const name = target < 0.8 ? pick(chance, names) : MANIFEST;
  const bytes = files.get(name) ?? Buffer.alloc(0);
  files.set(name, name === MANIFEST ? mutatedManifest(bytes, chance) : mutated(bytes, chance));
  return { files, path: pick(chance, [MANIFEST, `./${MANIFEST}`]), mode, answer };
}

/** A log with an RDB part, damaged: a single file, or a base with its incr file. */
export function randomRdbLog(seed: number): ReadonlyMap<string, Buffer> {
  const chance = seededChance(seed);
  const corpus = corpusOf('rdb-base');
  if (chance() < 0.5) return new Map([[SINGLE, mutated(corpus.single, chance)]]);
  const files = new Map(corpus.files);
  const name = pick(
    chance,
    [...files.keys()].filter((one) => one !== MANIFEST),
  );
  files.set(name, mutated(files.get(name) ?? Buffer.alloc(0), chance));
  return files;
}

function randomMode(chance: Chance): CheckMode {
  const kind = below(chance, 3);
  if (kind === 0) return { kind: 'check' };
  if (kind === 1) return { kind: 'fix' };
  return { kind: 'truncate', until: pick(chance, [0, -5, 1795228000, 1795228077, 1795228085, 2000000000]) };
}
