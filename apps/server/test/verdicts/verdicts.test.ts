/**
 * Broken logs: this server starts from those that the real servers start from, with the same data, and refuses those that
 * they refuse. What needs a command that this server does not have yet is judged by its records alone, and says so.
 */

import { createHash } from 'node:crypto';
import { AofError, detectLayout } from '@aof/aof-files';
import { ALL_COMMANDS } from '@aof/commands';
import type { SimDisk } from '@aof/disk';
import { digestDataset } from '@aof/keyspace';
import { type ApplyOutcome, LoadError, loadLog, type RecordApplier } from '@aof/loader';
import { Request } from '@aof/resp-codec';
import { describe, expect, type TestContext, test } from 'vitest';
import { DIR, Machine } from '../simulation/machine.ts';
import { CORPORA, type Corpus, diskWith, layoutOf, type Verdict } from './corpus.ts';

/** After the expiries that had passed when the verdicts were given, before all others. */
const NOW_MS = 1_800_000_000_000;
/** Long enough for the timer to remove what has expired. */
const EXPIRY_MS = 1000;

/** Commands in the logs that this server may not have yet. */
const AWAITED = ['function'];
const KNOWN = new Set([...ALL_COMMANDS.map(({ name }) => name), ...AWAITED]);

/**
 * Where this server is stricter on purpose: it refuses what the real one starts from. By variant, with the reason. (That
 * a truncated file which is not the last one is refused *before* it is cut is a rule of the loader's own tests.)
 */
const STRICTER: Readonly<Record<string, string>> = {};

interface Case {
  readonly name: string;
  readonly corpus: Corpus;
  readonly variant: string;
  readonly mayTruncate: boolean;
  readonly verdict: Verdict;
}

const CASES: readonly Case[] = CORPORA.flatMap((corpus) =>
  Object.entries(corpus.variants).flatMap(([variant, { server, server_no_truncated }]) =>
    [true, false].map((mayTruncate) => ({
      name: `${corpus.server} ${variant}${mayTruncate ? '' : ', aof-load-truncated no'}`,
      corpus,
      variant,
      mayTruncate,
      verdict: mayTruncate ? server : server_no_truncated,
    })),
  ),
);

const diskOf = ({ corpus, variant }: Case): SimDisk => diskWith(corpus, layoutOf(variant), corpus.variants[variant]);

/** Runs nothing, but knows the commands' names and what a transaction is. */
class NameApplier implements RecordApplier {
  readonly view = new Request();
  #isInTransaction = false;

  applyEntry(): undefined {
    // That the RDB part can be read is all that counts here.
  }

  apply(): ApplyOutcome {
    const name = this.view.latin1(0).toLowerCase();
    if (!KNOWN.has(name)) return { refusal: `Unknown command '${name}'` };
    if (name === 'multi') this.#isInTransaction = true;
    if (name === 'exec') this.#isInTransaction = false;
    return this.#isInTransaction ? 'in-transaction' : 'applied';
  }

  abandonTransaction(): void {
    this.#isInTransaction = false;
  }
}

describe('by its records, a broken log is judged as the real server does', () => {
  test.each(CASES)('$name', async (one) => {
    const disk = diskOf(one);
    const location = { dir: DIR, appendfilename: 'appendonly.aof', appenddirname: 'appendonlydir' };
    const { layout } = detectLayout(disk, { ...location, wanted: layoutOf(one.variant) });
    const loaded = loadLog({
      disk,
      files: layout.filesToLoad(),
      applier: new NameApplier(),
      mayTruncate: one.mayTruncate,
      nowMs: () => 0,
      yieldTurn: () => Promise.resolve(),
      events: { progress: () => {}, fileLoaded: () => {}, truncatedFound: () => {}, truncated: () => {} },
    });
    const starts = await loaded.then(
      () => true,
      (error: unknown) => {
        expect(error).toBeInstanceOf(LoadError);
        return false;
      },
    );
    expect(starts).toBe(one.verdict.starts);
  });
});

/** Valkey's DEBUG DIGEST has scores in the fewest digits, with an exponent where neither form below is short. */
const VALKEY_DIGEST = {
  sha1: (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest(),
  formatDouble17(score: number): string {
    if (!Number.isFinite(score)) return score > 0 ? 'inf' : '-inf';
    const [mantissa = '', exponent = ''] = score.toExponential().split('e');
    const digitCount = mantissa.replace(/[-.]/g, '').length;
    const lastDigitExponent = Number(exponent) - digitCount + 1;
    const isPlain =
      lastDigitExponent >= 0
        ? Number(exponent) < digitCount + 7
        : lastDigitExponent > -7 || Math.abs(Number(exponent)) < 4;
    return isPlain ? String(score) : `${mantissa}e${exponent}`;
  },
};

interface Judged {
  readonly isValkey: boolean;
  readonly variant: string;
  readonly mayTruncate: boolean;
  readonly verdict: Verdict;
}

/** Starts a server on `disk` and compares. Skips, naming the command, where the log has one that is awaited. */
async function judge(context: TestContext, disk: SimDisk, one: Judged): Promise<void> {
  const { isValkey, variant, mayTruncate, verdict } = one;
  const config = { databases: 16, 'aof-layout': layoutOf(variant), 'aof-load-truncated': mayTruncate };
  const machine = new Machine({ disk, nowMs: NOW_MS, config });
  const before = disk.contents();
  const error = await machine.start().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const unknown = /Unknown command '(\w+)'/.exec(String(error))?.[1]?.toLowerCase();
  if (unknown !== undefined && AWAITED.includes(unknown)) return context.skip(`waits for ${unknown}`);
  if (!verdict.starts || variant in STRICTER) {
    expect(error).toBeInstanceOf(AofError);
    expect(disk.contents()).toEqual(before);
    return;
  }
  expect(error).toBeUndefined();
  // The real servers were asked after they had removed what had expired.
  machine.advance(EXPIRY_MS);
  const { keyspace } = machine.engine;
  expect(keyspace.size).toBe(verdict.keys);
  const digest = isValkey ? digestDataset(keyspace, VALKEY_DIGEST) : machine.engine.port.digest();
  expect(digest).toBe(verdict.digest);
}

describe('a start from a broken log', () => {
  for (const one of CASES)
    test(one.name, (context) =>
      judge(context, diskOf(one), { ...one, isValkey: one.corpus.server.startsWith('valkey') }),
    );

  for (const corpus of CORPORA) {
    for (const layout of ['single', 'multi-part'] as const) {
      const verdict = { starts: true, keys: corpus.keys, digest: corpus.digest };
      const isValkey = corpus.server.startsWith('valkey');
      const one = { isValkey, variant: `${layout}-whole`, mayTruncate: true, verdict };
      test(`${corpus.server} ${layout}, whole`, (context) => judge(context, diskWith(corpus, layout), one));
    }
  }
});
