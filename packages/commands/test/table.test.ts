/** The command table's facts beside a real server's: arity, flags, keys, categories, tips, group and age of each command. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_COMMANDS } from '../src/table.ts';
import { LocalServer } from './local-server.ts';
import { Oracle, oracleVersion, reportSkipped } from './oracle.ts';
import { type ReplyTree, textsOf } from './reply-tree.ts';

interface Facts {
  readonly arity: string | undefined;
  readonly flags: readonly (string | null)[];
  readonly legacyKeys: readonly (string | undefined)[];
  readonly categories: readonly (string | null)[];
  readonly tips: readonly (string | null)[];
  readonly keySpecs: string;
}

/** What 7.2 says otherwise than the oracle, or what differs on purpose. */
const EXCEPTIONS: Readonly<Record<string, Partial<Facts>>> = {
  // WITHSCORE is 7.2's.
  zrank: { arity: '-3' },
  zrevrank: { arity: '-3' },
};
const VERSION = oracleVersion();
const names = ALL_COMMANDS.map((spec) => spec.name);
const server = new LocalServer();
let oracle: Oracle | undefined;

/** Facts by full name, subcommands too. */
function factsOf(info: ReplyTree): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  for (const command of info.items ?? []) {
    if (command.items === undefined) continue;
    const [name, arity, flags, first, last, step, categories, tips, keySpecs, subcommands] = command.items;
    facts.set(name.text ?? '', {
      arity: arity.text,
      flags: textsOf(flags).sort(),
      legacyKeys: [first.text, last.text, step.text],
      categories: textsOf(categories).sort(),
      tips: textsOf(tips),
      keySpecs: JSON.stringify(keySpecs.items?.map(sortedFlags)),
    });
    for (const [sub, subFacts] of factsOf(subcommands)) facts.set(sub, subFacts);
  }
  return facts;
}

/** A key specification whose flags are in alphabetical order. */
function sortedFlags(spec: ReplyTree): unknown {
  return spec.items?.map((item) => (item.items?.every(({ kind }) => kind === '+') ? textsOf(item).sort() : item));
}

/** Group and age by full name, from COMMAND DOCS. */
function docsOf(docs: ReplyTree): Map<string, string> {
  const found = new Map<string, string>();
  const items = docs.items ?? [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const fields = new Map<string, ReplyTree>();
    const values = items[i + 1].items ?? [];
    for (let j = 0; j + 1 < values.length; j += 2) fields.set(values[j].text ?? '', values[j + 1]);
    found.set(items[i].text ?? '', `${fields.get('group')?.text} since ${fields.get('since')?.text}`);
    const subcommands = fields.get('subcommands');
    for (const [sub, text] of subcommands ? docsOf(subcommands) : []) found.set(sub, text);
  }
  return found;
}

if (VERSION === undefined) reportSkipped(names.length, 'the command table');

describe.skipIf(VERSION === undefined)(`the command table as redis-server ${VERSION}`, () => {
  let theirs = new Map<string, Facts>();
  let theirDocs = new Map<string, string>();

  beforeAll(async () => {
    oracle = await Oracle.start();
    const [info, docs] = await (await oracle.connection(0)).ask([
      ['COMMAND', 'INFO', ...names],
      ['COMMAND', 'DOCS', ...names],
    ]);
    theirs = factsOf(info);
    theirDocs = docsOf(docs);
  });
  afterAll(() => oracle?.stop());

  const ours = factsOf(server.ask(['COMMAND', 'INFO', ...names]));
  const ourDocs = docsOf(server.ask(['COMMAND', 'DOCS', ...names]));

  function compare(name: string): void {
    const wanted = theirs.get(name);
    // Commands that the oracle is too old to know have nothing to be compared with.
    if (wanted === undefined) return;
    expect(ours.get(name)).toEqual({ ...wanted, ...EXCEPTIONS[name] });
    expect(ourDocs.get(name)).toBe(theirDocs.get(name));
  }

  test.each([...ours.keys()])('%s', compare);
});

test('every command is documented', () => {
  const undocumented = ALL_COMMANDS.flatMap((spec) => [spec, ...(spec.subcommands ?? [])]).filter(
    ({ summary, complexity, since }) => !summary.endsWith('.') || complexity === undefined || !/^\d+\.\d+/.test(since),
  );
  expect(undocumented.map((spec) => spec.name)).toEqual([]);
});
