/** INFO has the sections and fields of a real server, in the same forms, but for the tables of INFO.md. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../src/index.ts';
import { redisVersion, startRedis, temporaryFolder } from '../end-to-end/programs.ts';
import { RawClient } from '../end-to-end/raw-client.ts';

const VERSION = redisVersion('the comparison of INFO');
const NOTES = new URL('../../INFO.md', import.meta.url);
/** What both run first, so that no section is empty. */
const COMMANDS: readonly (readonly string[])[] = [
  ['SET', 'k', 'v'],
  ['SET', 'ttl', 'v', 'EX', '1000'],
  ['GET', 'k'],
  ['CONFIG', 'GET', 'port'],
  ['INCR', 'k'],
  ['GET'],
];
const SECTION_CALLS = ['', 'default', 'all', 'everything', 'server', 'CPU memory', 'nonsense', 'keyspace nonsense'];

/** Names of sections, and fields with the form of their values: digits are all alike. */
interface Info {
  readonly sections: readonly string[];
  readonly fields: ReadonlyMap<string, string>;
}

type Ask = (...args: readonly string[]) => Promise<string>;

/** What both answered, by the arguments of INFO. */
const answers = new Map<string, { readonly mine: Info; readonly theirs: Info }>();

beforeAll(async () => {
  if (VERSION === undefined) return;
  await using ours = await createServer({ dir: temporaryFolder(), appendonly: true, 'aof-layout': 'multi-part' });
  const redis = await startRedis(temporaryFolder());
  const client = await RawClient.open(redis.socket);
  const askRedis: Ask = async (...args) => String(await client.call(...args));
  const askOurs: Ask = async (...args) => String(await ours.call(...args));
  for (const args of COMMANDS) {
    await askRedis(...args);
    await askOurs(...args).catch(() => undefined); // errors are meant: they are counted
  }
  for (const call of SECTION_CALLS) {
    const args = ['INFO', ...call.split(' ').filter((word) => word !== '')];
    answers.set(call, { mine: read(await askOurs(...args)), theirs: read(await askRedis(...args)) });
  }
  client.close();
});

/** The names in the table below a heading of INFO.md, `*` at the end standing for any rest. */
function namesBelow(heading: string): string[] {
  const [, section = ''] = readFileSync(NOTES, 'utf8').split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

function isNamed(names: readonly string[], field: string): boolean {
  return names.some((name) => (name.endsWith('*') ? field.startsWith(name.slice(0, -1)) : field === name));
}

function read(text: string): Info {
  const lines = text.split('\r\n');
  const fields = lines.filter((line) => line.includes(':') && !line.startsWith('#'));
  return {
    sections: lines.filter((line) => line.startsWith('# ')),
    fields: new Map(
      fields.map((line) => [
        line.slice(0, line.indexOf(':')),
        line.slice(line.indexOf(':') + 1).replace(/[\d.]+/g, 'N'),
      ]),
    ),
  };
}

function answered(call: string): { readonly mine: Info; readonly theirs: Info } {
  const found = answers.get(call);
  if (found === undefined) throw new Error(`INFO ${call} was not asked`);
  return found;
}

describe.skipIf(VERSION === undefined)(`INFO as redis-server ${VERSION}`, () => {
  test.each(SECTION_CALLS)('the sections of INFO %s', (call) => {
    const { mine, theirs } = answered(call);
    expect(mine.sections).toEqual(theirs.sections);
  });

  test('the fields', () => {
    const { mine, theirs } = answered('everything');
    const [missing, own] = [namesBelow('Fields that are missing'), namesBelow('Fields that 7.0 does not have')];
    const present = (names: Iterable<string>) => [...names].filter((name) => !/^(?:cmdstat|latency)_/.test(name));
    const unexplained = present(theirs.fields.keys()).filter(
      (name) => !mine.fields.has(name) && !isNamed(missing, name),
    );
    expect(unexplained, 'missing').toEqual([]);
    expect(present(mine.fields.keys()).filter((name) => !theirs.fields.has(name) && !isNamed(own, name))).toEqual([]);
    const outdated = missing.filter((name) => ![...theirs.fields.keys()].some((field) => isNamed([name], field)));
    expect(outdated, 'in the table, but not in INFO').toEqual([]);
  });

  test('statistics have the same form', () => {
    const { mine, theirs } = answered('everything');
    const names = [...theirs.fields.keys()].filter((name) => /^(?:cmdstat_|latency_|errorstat_|db\d)/.test(name));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(mine.fields.get(name), name).toBe(theirs.fields.get(name));
  });
});
