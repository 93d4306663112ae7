/** Every damaged log of the fixtures: the lines, the status and the cut of the server's own checker, and its verdict at the start. */

import { LoadError } from '@aof/loader';
import { findLog } from '@aof/log-reader';
import { describe, expect, test } from 'vitest';
import { TrialLoad } from '../src/trial-load.ts';
import { diskWith, MANIFEST, MODES, RECORDED_AT_MS, readCorpus, SERVERS, SINGLE, variantFiles } from './corpus.ts';
import { normalised, runCheck } from './run-check.ts';

describe.each(SERVERS)('%s', (server) => {
  describe.each(MODES)('%s', (mode) => {
    const corpus = readCorpus(server, mode);
    const cases = Object.entries(corpus.verdicts);

    test('has all its cases', () => expect(cases).toHaveLength(30));

    test.each(cases)('%s', async (name, verdict) => {
      const files = variantFiles(corpus, name);
      const path = name.startsWith('single-') ? SINGLE : MANIFEST;
      const damagedName = name.startsWith('single-') ? SINGLE : corpus.incrName;
      const nowMs = RECORDED_AT_MS;

      const disk = diskWith(files);
      const operations = disk.operations;
      const check = await runCheck(disk, path, { nowMs });
      expect(normalised(check.stdout)).toBe(normalised(verdict.stdout));
      expect(check.exit).toBe(verdict.exit);
      expect(disk.operations).toBe(operations);

      const fix = await runCheck(disk, path, { nowMs, mode: { kind: 'fix' } });
      expect(normalised(fix.stdout)).toBe(normalised(verdict.fix_stdout));
      expect(fix.exit).toBe(verdict.fix_exit);
      expect(disk.status(damagedName)?.size).toBe(verdict.fixed_bytes);
      for (const [other, bytes] of files) {
        if (other !== damagedName) expect(Buffer.compare(disk.readFile(other), bytes)).toBe(0);
      }
    });

    test.each(cases)('%s: whether a server starts from it', async (name, { server_no_truncated: verdict }) => {
      const disk = diskWith(variantFiles(corpus, name));
      const { files } = findLog(disk, name.startsWith('single-') ? SINGLE : MANIFEST);
      const load = new TrialLoad({ disk, files, nowMs: RECORDED_AT_MS, progress: () => {} });
      const error = await load.run().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!verdict.starts) return expect(error).toBeInstanceOf(LoadError);
      expect(error).toBeUndefined();
      // Keys that have expired are still in the log; the server had dropped some.
      const expired = load.keyspace.size - (verdict.keys ?? 0);
      expect(expired).toBeGreaterThanOrEqual(0);
      expect(expired).toBeLessThanOrEqual(3);
    });
  });
});
