/** Checksum files go where their log files go, and never vouch for what is not there: with a crash at every operation of the disk. */
import { type CrashMode, SimCrash, SimDisk } from '@aof/disk';
import { describe, expect, test } from 'vitest';
import {
  appendChecksums,
  ChecksumVerifier,
  checksummedNameOf,
  checksumNameOf,
  cutLogFile,
  detectLayout,
  readChecksums,
  removeTempFiles,
} from '../src/index.ts';
import { LOCATION } from './log-session.ts';

const SINGLE = '/srv/log';
const PARTS = '/srv/parts';
const TEXT = 'some records '.repeat(12_000);

function vouchFor(disk: SimDisk, path: string): void {
  const verifier = new ChecksumVerifier(undefined, true);
  verifier.take(disk.readFile(path), 0);
  appendChecksums(disk, path, verifier.uncovered);
}

function diskWith(files: Readonly<Record<string, string>>): SimDisk {
  const disk = new SimDisk();
  disk.makeDirectory(PARTS, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    const file = disk.open(path, 'append');
    if (text !== '') file.write(Buffer.from(text));
  }
  return disk;
}

/** Bytes that are vouched for, by path, and what is wrong with them. */
function vouchedFor(disk: SimDisk): { covered: Record<string, number>; wrong: string[] } {
  const covered: Record<string, number> = {};
  const wrong: string[] = [];
  const contents = disk.contents();
  for (const checksumPath of contents.keys()) {
    const path = checksummedNameOf(checksumPath);
    const content = contents.get(path ?? '');
    if (path === undefined || content === undefined) continue;
    const table = readChecksums(disk, path, content.length);
    const verifier = new ChecksumVerifier(table);
    verifier.take(content, 0);
    if (verifier.mismatchCount > 0 || (table?.coveredEnd ?? 0) > content.length) wrong.push(path);
    covered[path] = table?.coveredBytes ?? 0;
  }
  return { covered, wrong };
}

function detect(disk: SimDisk, wanted: 'single' | 'multi-part' = 'multi-part') {
  return detectLayout(disk, { ...LOCATION, wanted }).layout;
}

const open = { baseFormat: 'aof', baseContent: () => new Uint8Array(0), temporaryId: 1 } as const;

const FAILURES: readonly (readonly [CrashMode, number])[] = [
  ['kill', 0],
  ['only-synced', 0],
  ['power-cut', 1],
  ['power-cut', 2],
  ['power-cut', 3],
];

/** Crashes `run` at each of its operations; `check` sees what is then on the disk. */
function crashing(prepare: () => SimDisk, run: (disk: SimDisk) => void, check: (disk: SimDisk) => void): number {
  for (let operation = 1; ; operation++) {
    for (const moment of ['before', 'half', 'after'] as const) {
      const disk = prepare();
      disk.settleAll();
      disk.crashAt(disk.operations + operation, moment);
      try {
        run(disk);
        return operation - 1;
      } catch (error) {
        if (!(error instanceof SimCrash)) throw error;
      }
      for (const [mode, seed] of FAILURES) check(disk.afterCrash(seed, mode));
    }
  }
}

describe('the upgrade of a single file', () => {
  const prepare = (): SimDisk => {
    const disk = diskWith({ [SINGLE]: TEXT });
    vouchFor(disk, SINGLE);
    return disk;
  };

  test('takes along what vouches for it', () => {
    const disk = prepare();
    const layout = detect(disk);
    expect(removeTempFiles(disk, layout.names)).toEqual([]);
    expect(vouchedFor(disk)).toEqual({ covered: { [`${PARTS}/log`]: TEXT.length }, wrong: [] });
  });

  test('also when it is cut off anywhere', () => {
    const operations = crashing(prepare, detect, (disk) => {
      const layout = detect(disk);
      removeTempFiles(disk, layout.names);
      expect(vouchedFor(disk)).toEqual({ covered: { [`${PARTS}/log`]: TEXT.length }, wrong: [] });
    });
    expect(operations).toBeGreaterThan(5);
  });
});

describe('a file that is made', () => {
  test('is not vouched for by what is left of another of its name', () => {
    const [base, incr] = [`${PARTS}/log.1.base.aof`, `${PARTS}/log.1.incr.aof`];
    const disk = diskWith({ [base]: TEXT, [incr]: TEXT });
    for (const path of [base, incr]) {
      vouchFor(disk, path);
      disk.open(path, 'truncate').close();
    }
    detect(disk).openForAppend(open);
    expect(disk.list(PARTS).filter((name) => name.endsWith('.crc64'))).toEqual([]);
  });

  test('nor is a single one', () => {
    const disk = diskWith({ [SINGLE]: TEXT });
    vouchFor(disk, SINGLE);
    disk.unlink(SINGLE);
    detect(disk, 'single').openForAppend(open);
    expect(disk.status(checksumNameOf(SINGLE))).toBeUndefined();
  });
});

test('history goes with what vouches for it, and the rest stays', async () => {
  const manifest =
    'file log.2.base.aof seq 2 type b\nfile log.1.incr.aof seq 1 type h\nfile log.2.incr.aof seq 2 type i\n';
  const [base, old, incr] = ['2.base', '1.incr', '2.incr'].map((part) => `${PARTS}/log.${part}.aof`);
  const disk = diskWith({ [`${base}`]: 'a', [`${old}`]: 'b', [`${incr}`]: 'c', [`${PARTS}/log.manifest`]: manifest });
  for (const path of [base, old, incr]) vouchFor(disk, `${path}`);
  await detect(disk).deleteHistory();
  expect(vouchedFor(disk)).toEqual({ covered: { [`${base}`]: 1, [`${incr}`]: 1 }, wrong: [] });
  expect(disk.list(PARTS).filter((name) => name.includes('1.incr'))).toEqual([]);
});

describe('a file that is cut', () => {
  const prepare = (): SimDisk => {
    const disk = diskWith({ [SINGLE]: TEXT });
    vouchFor(disk, SINGLE);
    return disk;
  };

  test.each([
    ['within the first block', 100, 0],
    ['within the second', 100_000, 65_536],
    ['where a block ends', 131_072, 131_072],
    ['not at all', TEXT.length, TEXT.length],
  ])('stays vouched for up to there: %s', (_, size, covered) => {
    const disk = prepare();
    cutLogFile(disk, SINGLE, size);
    expect(disk.status(SINGLE)?.size).toBe(size);
    expect(readChecksums(disk, SINGLE, size)?.coveredBytes ?? 0).toBe(covered);
    expect(vouchedFor(disk).wrong).toEqual([]);
  });

  test('wherever the cut is cut off, nothing false is vouched for', () => {
    const operations = crashing(
      prepare,
      (disk) => cutLogFile(disk, SINGLE, 100_000),
      (disk) => expect(vouchedFor(disk).wrong).toEqual([]),
    );
    expect(operations).toBeGreaterThan(4);
  });

  test('a canary: the file is cut before its checksum file goes', () => {
    let wrong = 0;
    crashing(
      prepare,
      (disk) => {
        const file = disk.open(SINGLE, 'append');
        file.truncate(100_000);
        file.syncNow();
        disk.unlink(checksumNameOf(SINGLE));
        disk.syncDirectory('/srv');
      },
      (disk) => {
        wrong += vouchedFor(disk).wrong.length;
      },
    );
    expect(wrong).toBeGreaterThan(0);
  });
});
