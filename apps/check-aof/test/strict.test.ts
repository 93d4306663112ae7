/** The strict check: every sort of finding, and none where there is nothing. */
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { checkStrictly, type StrictReport } from '../src/index.ts';
import { diskWith, MANIFEST, MODES, RECORDED_AT_MS, readCorpus, SERVERS, SINGLE, variantFiles } from './corpus.ts';
import { mutated, seededChance } from './mutation.ts';

async function strictly(files: ReadonlyMap<string, Uint8Array>, path: string): Promise<StrictReport> {
  const disk = diskWith(files);
  const operations = disk.operations;
  const log = findLog(disk, path);
  const report = await checkStrictly({ disk, files: log.files, nowMs: RECORDED_AT_MS, progress: () => {} });
  expect(disk.operations).toBe(operations);
  return report;
}

function record(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

async function findingsOf(text: string) {
  const { findings } = await strictly(new Map([[SINGLE, Buffer.from(text, 'latin1')]]), SINGLE);
  return findings;
}

describe.each(SERVERS)('%s', (server) => {
  test.each(MODES)('%s', async (mode) => {
    const corpus = readCorpus(server, mode);
    expect(await strictly(corpus.files, MANIFEST)).toMatchObject({ findings: [], notReplayed: 0 });
    for (const [name, verdict] of Object.entries(corpus.verdicts)) {
      const report = await strictly(variantFiles(corpus, name), name.startsWith('single-') ? SINGLE : MANIFEST);
      // What the server's checker refuses has a finding, and a hole that it passes over has one too.
      if (verdict.exit === 1 || name.endsWith('-hole'))
        expect({ name, found: report.findingCount > 0 }).toEqual({ name, found: true });
      if (report.findingCount === 0 && verdict.server.keys !== undefined) {
        // Keys that have expired are still in the log; the server had dropped some.
        expect(report.keys - verdict.server.keys).toBeGreaterThanOrEqual(0);
        expect(report.keys - verdict.server.keys).toBeLessThanOrEqual(3);
      }
    }
  });
});

const OPENING = record('SELECT', '0') + record('SET', 'k', 'v');

describe('finds', () => {
  test.each([
    ['command-unknown', 'likely', record('SEU', 'k', 'w')],
    ['command-unknown', 'certain', record('S\0T', 'k', 'w')],
    ['command-unknown', 'possible', record('BF.ADD', 'k', 'w')],
    ['command-arity', 'certain', record('SET', 'k')],
    ['command-arity', 'certain', record('HSETEX', 'k')],
    ['command-error', 'likely', record('LPUSH', 'k', 'w')],
    ['command-not-logged', 'likely', record('GET', 'k')],
    ['command-no-effect', 'possible', record('DEL', 'other')],
    ['spelling', 'certain', '*2\r\n$+3\r\nDEL\r\n$1\r\nk\r\n'],
    ['spelling', 'certain', '*0\r\n'],
    ['hole', 'likely', record('SET', 'x', `${'text '.repeat(30)}${'\0'.repeat(40)}${'text '.repeat(30)}`)],
    ['stray-byte', 'possible', record('SET', 'x', `${'text '.repeat(30)}\xe3${'text '.repeat(30)}`)],
    ['time', 'likely', '#TS:x\r\n'],
    ['time', 'possible', '#TS:1700000001\r\n#TS:1700000000\r\n'],
    ['truncated', 'certain', '*2\r\n$3\r\nDEL\r\n'],
    ['framing', 'certain', 'DEL k\r\n'],
    ['transaction', 'certain', record('MULTI') + record('SET', 'a', '1')],
  ])('%s, %s', async (code, certainty, text) => {
    const findings = await findingsOf(OPENING + text);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ code, certainty, file: SINGLE });
    expect(findings[0]?.offset).toBeGreaterThanOrEqual(OPENING.length);
    expect(findings[0]?.line).toBeGreaterThanOrEqual(13);
    if (code !== 'transaction') expect(findings[0]?.before.at(-1)).toMatch(/SET k v|#TS/);
  });

  test('a missing file', async () => {
    const { files, incrName } = readCorpus('redis-7.0.15', 'aof-base');
    const { findings } = await strictly(new Map([...files].filter(([name]) => name !== incrName)), MANIFEST);
    expect(findings).toMatchObject([{ code: 'file-missing', certainty: 'certain', file: incrName }]);
  });

  test('commands around', async () => {
    const text =
      OPENING + record('SET', 'a b', '1') + record('LPUSH', 'k', 'w') + record('INCR', 'n') + record('INCR', 'm');
    const [finding] = await findingsOf(text);
    expect(finding).toMatchObject({
      command: 'LPUSH k w',
      before: ['SET k v', 'SET "a b" 1'],
      after: ['INCR n', 'INCR m'],
    });
  });
});

describe('does not find', () => {
  test.each([
    ['a transaction', record('MULTI') + record('SET', 'a', '1') + record('SET', 'b', '1') + record('EXEC')],
    ['what is flushed twice', record('FLUSHALL') + record('FLUSHALL')],
    ['binary values', record('SET', 'bits', '\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\x01'.repeat(20))],
    ['text in UTF-8', record('SET', 'x', Buffer.from(`${'Text '.repeat(40)}ä`).toString('latin1'))],
    ['what cannot be replayed', record('HSETEX', 'h', 'FIELDS', '1', 'f', 'v')],
  ])('%s', async (_, text) => expect(await findingsOf(OPENING + text)).toEqual([]));

  test('errors of keys that were not replayed, for sure', async () => {
    const findings = await findingsOf(
      OPENING + record('HSETEX', 'k', 'FIELDS', '1', 'f', 'v') + record('LPUSH', 'k', 'w'),
    );
    expect(findings).toMatchObject([{ code: 'command-error', certainty: 'possible' }]);
  });
});

test('whatever is damaged, it ends with a report', async () => {
  const corpus = readCorpus('redis-7.0.15', 'timestamps');
  const incr = corpus.files.get(corpus.incrName) ?? Buffer.alloc(0);
  let found = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const { findingCount } = await strictly(new Map([[SINGLE, mutated(incr, seededChance(seed))]]), SINGLE);
    if (findingCount > 0) found++;
  }
  expect(found).toBeGreaterThan(100);
});
