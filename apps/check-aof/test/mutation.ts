/** Random damage to real files, the same for the same seed: what disks, crashes and editors do to a log. */

/** A random number in [0, 1). */
export type Chance = () => number;

/** Mulberry32. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function below(chance: Chance, limit: number): number {
  return Math.floor(chance() * limit);
}

export function pick<T>(chance: Chance, of: readonly T[]): T {
  const found = of[below(chance, of.length)];
  if (found === undefined) throw new Error('bug: nothing to pick from');
  return found;
}

/** Pieces that look like a log and turn up in the wrong place. Lengths stay small: redis-check-aof allocates what they claim. */
const RECORD_PIECES: readonly string[] = [
  '*1\r\n$5\r\nMULTI\r\n',
  '*1\r\n$4\r\nEXEC\r\n',
  '*1\r\n$5\r\nmulti\r\n*1\r\n$4\r\neXeC\r\n',
  '*2\r\n$5\r\nMULTI\r\n$1\r\nx\r\n',
  '*2\r\n$5\r\nMULTI\r\n$x\r\nx\r\n',
  '*2\r\n$7\r\nmulti\0x\r\n',
  '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n',
  '*0\r\n',
  '*-1\r\n',
  '*x\r\n',
  '* 1\r\n$4\r\nPING\r\n',
  '*+1\r\n$+4\r\nPING\r\n',
  '*1 \r\n$4\r\nPING\r\n',
  '*1\n$4\nPING\n',
  '$-1\r\n',
  '*1\r\n$-5\r\n\r\n',
  '$70000\r\n',
  '*9999999999999999999999\r\n',
  '#TS:1795228000\r\n',
  '#TS:1795228090\r\n',
  '#TS:99999999999\r\n',
  '#TS:abc\r\n',
  '#TS: 12\r\n',
  '#TS:12\n',
  '# a remark\r\n',
  '#',
  '\r\n',
  '\n',
  '\0\0\0\0',
  '*',
  '$',
  'REDIS0010',
  `*${' '.repeat(130)}1\r\n`,
  `#${'-'.repeat(1100)}\r\n`,
];

const EDITS: readonly ((bytes: Buffer, chance: Chance) => Buffer)[] = [
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    const at = below(chance, copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << below(chance, 8));
    return copy;
  },
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    copy[below(chance, copy.length)] = below(chance, 256);
    return copy;
  },
  (bytes, chance) => bytes.subarray(0, below(chance, bytes.length + 1)),
  (bytes, chance) => {
    const at = below(chance, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(chance, 40))]);
  },
  (bytes, chance) => {
    const at = below(chance, bytes.length);
    const copy = Buffer.from(bytes);
    return copy.fill(0, at, Math.min(copy.length, at + 1 + below(chance, 60)));
  },
  (bytes, chance) => {
    const from = below(chance, bytes.length);
    const at = below(chance, bytes.length);
    const piece = bytes.subarray(from, from + 1 + below(chance, 80));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, chance) => insertPiece(bytes, below(chance, bytes.length + 1), chance),
  // Where a record begins, so that the piece is read as what it is.
  (bytes, chance) => {
    const starts = [...bytes.toString('latin1').matchAll(/\r\n(?=\*)/g)].map((found) => found.index + 2);
    return insertPiece(bytes, pick(chance, [0, bytes.length, ...starts]), chance);
  },
];

function insertPiece(bytes: Buffer, at: number, chance: Chance): Buffer {
  const piece = Buffer.from(pick(chance, RECORD_PIECES), 'latin1');
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

/** `bytes` with one to three wounds. */
export function mutated(bytes: Buffer, chance: Chance): Buffer {
  let result = bytes;
  for (let wounds = 1 + below(chance, 3); wounds > 0; wounds--) {
    if (result.length > 0) result = pick(chance, EDITS)(result, chance);
  }
  return result;
}

const MANIFEST_PIECES: readonly string[] = [
  'file appendonly.aof.3.incr.aof seq 3 type i\n',
  'file appendonly.aof.1.incr.aof seq 1 type i\n',
  'file appendonly.aof.1.incr.aof seq 1 type h\n',
  'file gone.aof seq 9 type i\n',
  'file a/b seq 9 type i\n',
  'FILE x SEQ 9 TYPE i extra word\n',
  'seq 1 file x type z\n',
  'file x seq 0 type i\n',
  'file x seq\n',
  'file "x y seq 1 type i\n',
  '# remark\n',
  '\n',
  '   \n',
  '"',
  ' ',
  'b',
  `#${'-'.repeat(1200)}\n`,
  `file ${'x'.repeat(1100)} seq 4 type i\n`,
];

/** A manifest with one or two wounds. */
export function mutatedManifest(bytes: Buffer, chance: Chance): Buffer {
  let result = bytes;
  for (let wounds = 1 + below(chance, 2); wounds > 0; wounds--) {
    const lineStarts = [...result.toString('latin1').matchAll(/\n/g)].map((found) => found.index + 1);
    const at = chance() < 0.7 ? pick(chance, [0, ...lineStarts]) : below(chance, result.length + 1);
    const piece = Buffer.from(pick(chance, MANIFEST_PIECES), 'latin1');
    const kept = chance() < 0.6 ? result.subarray(at) : result.subarray(at + 1 + below(chance, 30));
    result =
      chance() < 0.7
        ? Buffer.concat([result.subarray(0, at), piece, kept])
        : Buffer.concat([result.subarray(0, at), kept]);
  }
  return result;
}
