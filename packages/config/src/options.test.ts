import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { DIFFERENCES } from './differences.ts';
import { ALL_NAMES, findOption, OPTION_NAMES, optionOf } from './options.ts';
import { parseConfigFile } from './reader.ts';

interface Fixture {
  readonly hidden: readonly string[];
  readonly options: Readonly<
    Record<string, { default: string; set: string; refusals: Readonly<Record<string, string | null>> }>
  >;
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../test/fixtures/redis-7.0.15.json', import.meta.url), 'utf8'),
);
const redis = Object.entries(fixture.options);

/** Answers of Redis 7.0.15 that are not worth having. */
const OWN_ANSWERS: ReadonlySet<string> = new Set([
  // Overflows into a negative number there, which then means 1%.
  'maxmemory-clients 99999999999999999999',
  // A matter of how that Redis was built.
  'activedefrag yes',
  // No replication here: see the reader.
  'replicaof 1 2',
  'slaveof 1 2',
]);

describe('the table against Redis 7.0.15', () => {
  it('knows every name and alias', () => {
    expect(redis.map(([name]) => name).filter((name) => findOption(name) === undefined)).toEqual([]);
  });

  it('has further names only where another version or this server has them', () => {
    const further = ALL_NAMES.filter((name) => fixture.options[name] === undefined);
    expect(further).toEqual([
      'aof-checksums',
      'aof-layout',
      'aof-rewrite-cpulist',
      'aof-start-empty',
      'backup-sealed-ttl',
      'backup-verify',
      'backupdirname',
      'bgsave-cpulist',
      'bio-cpulist',
      'cluster-announce-human-nodename',
      'cluster-ping-interval',
      'debug-assert-enabled',
      'extended-redis-compatibility',
      'locale-collate',
      'max-new-connections-per-cycle',
      'max-new-tls-connections-per-cycle',
      'primaryauth',
      'primaryuser',
      'server-cpulist',
      'set-max-listpack-entries',
      'set-max-listpack-value',
    ]);
  });

  it('has the same defaults but for the listed differences', () => {
    const differing = new Map(
      DIFFERENCES.map(({ option, redis: theirs, here }) => [option as string, { theirs, here }]),
    );
    for (const [name, { default: theirs }] of redis) {
      const [, ours] = Config.of('<working folder>').get([name]);
      const expected = differing.get(name);
      expect(`${name} ${ours}`).toBe(`${name} ${expected?.here ?? theirs}`);
      if (expected !== undefined) expect(theirs).toBe(expected.theirs);
    }
  });

  it('changes and hides the same options', () => {
    for (const [name, { set }] of redis) {
      const option = findOption(name)?.option;
      const ours = option?.isMutable === false ? 'immutable' : option?.isProtected === true ? 'protected' : 'mutable';
      const expected = set;
      expect(`${name} ${ours} ${option?.isHidden}`).toBe(`${name} ${expected} ${fixture.hidden.includes(name)}`);
    }
  });

  it('takes and refuses the same values with the same words', () => {
    let compared = 0;
    for (const [name, { refusals }] of redis) {
      for (const [value, theirs] of Object.entries(refusals)) {
        if (OWN_ANSWERS.has(`${name} ${value}`)) continue;
        expect(`${name} ${value}: ${whyRefused(`${name} ${value}`)}`).toBe(`${name} ${value}: ${theirs}`);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(1500);
  });
});

function whyRefused(line: string): string | null {
  try {
    parseConfigFile({ stdinText: line, workingFolder: '/', readFile: () => '' });
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.reason;
    throw error;
  }
}

describe('the table', () => {
  it('has each name and alias once', () => {
    const names = OPTION_NAMES.flatMap((name) => [name, ...optionOf(name).aliases]);
    expect(names.length).toBe(new Set(names).size);
    expect(names.length).toBe(ALL_NAMES.length);
  });

  it('explains every option in a sentence at least', () => {
    for (const name of OPTION_NAMES) expect(optionOf(name).doc, name).toMatch(/^[A-Z].{10,}\.$/s);
  });

  it('has defaults that their own kinds take and write back', () => {
    for (const name of OPTION_NAMES) {
      const { kind, initial } = optionOf(name);
      const setting = { value: initial, text: kind.format(initial) };
      const lines = kind.lines(setting).map((args) => `${name} ${args}`);
      const { settings } = parseConfigFile({ stdinText: lines.join('\n'), workingFolder: '.', readFile: () => '' });
      expect(settings.get(name), name).toEqual(setting);
    }
  });
});
