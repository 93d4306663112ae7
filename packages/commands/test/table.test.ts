/** The command table's facts beside a real server's: arity, flags, keys, categories, tips, arguments, group and age of each command. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HISTORY } from '../src/command-history.ts';
import { DEPRECATED, SYNTAX, SYSTEM_COMMANDS } from '../src/syntax.ts';
import { ALL_COMMANDS } from '../src/table.ts';
import { LocalServer } from './local-server.ts';
import { Oracle, oracleVersion, reportSkipped } from './oracle.ts';
import { type ReplyTree, readReply, textsOf } from './reply-tree.ts';

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
/** Commands that take more in 7.2. */
const NEWER_ARGUMENTS: ReadonlySet<string> = new Set(['zrank', 'zrevrank']);
const VERSION = oracleVersion();
const names = ALL_COMMANDS.map((spec) => spec.name);
/** RESP3 tells sets and maps from arrays. */
const PROTOCOL = 3;
const server = new LocalServer(PROTOCOL);
let oracle: Oracle | undefined;

function ask(...args: readonly string[]): ReplyTree {
  const reply = readReply(server.run(0, args), 0);
  if (reply === undefined) throw new Error(`no reply to ${args[0]}`);
  return reply.tree;
}

/** Facts by full name, subcommands too. */
function factsOf(info: ReplyTree): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  for (const command of info.items ?? []) {
    if (command.items === undefined) continue;
    const [name, arity, flags, first, last, step, categories, tips, keySpecs, subcommands] = command.items;
    facts.set(name.text ?? '', {
      arity: arity.text,
      flags: textsOf(flags),
      legacyKeys: [first.text, last.text, step.text],
      categories: textsOf(categories),
      tips: textsOf(tips),
      keySpecs: JSON.stringify(keySpecs),
    });
    for (const [sub, subFacts] of factsOf(subcommands)) facts.set(sub, subFacts);
  }
  return facts;
}

/** The fields of COMMAND DOCS that state facts; the others are texts, which are our own. */
const DOCUMENTED_FACTS = ['group', 'since', 'doc_flags', 'deprecated_since', 'arguments'];

/** The facts of COMMAND DOCS by full name. */
function docsOf(docs: ReplyTree): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const items = docs.items ?? [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    const fields = new Map<string, ReplyTree>();
    const values = items[i + 1].items ?? [];
    for (let j = 0; j + 1 < values.length; j += 2) fields.set(values[j].text ?? '', values[j + 1]);
    const facts = DOCUMENTED_FACTS.map((name) => [name, fields.get(name)]);
    // The words are our own, the commands and options that they name are not.
    const replacedBy = [...(fields.get('replaced_by')?.text ?? '').matchAll(/[A-Z]{2,}/g)].map(([word]) => word);
    // So are the words about what has changed; when it did is a fact. The oracle knows nothing of 7.2.
    const changedIn = (fields.get('history')?.items ?? [])
      .map((entry) => entry.items?.[0]?.text)
      .filter((version) => version !== undefined && !version?.startsWith('7.2.'));
    found.set(items[i].text ?? '', { ...Object.fromEntries(facts), replacedBy: replacedBy.sort(), changedIn });
    const subcommands = fields.get('subcommands');
    for (const [sub, text] of subcommands ? docsOf(subcommands) : []) found.set(sub, text);
  }
  return found;
}

if (VERSION === undefined) reportSkipped(names.length, 'the command table');

describe.skipIf(VERSION === undefined)(`the command table as redis-server ${VERSION}`, () => {
  let theirs = new Map<string, Facts>();
  let theirDocs = new Map<string, unknown>();

  const theOracle = async () => {
    if (oracle === undefined) {
      oracle = await Oracle.start();
      await oracle.reset(PROTOCOL, new Set([0]));
    }
    return oracle.connection(0);
  };

  beforeAll(async () => {
    const [info, docs] = await (await theOracle()).ask([
      ['COMMAND', 'INFO', ...names],
      ['COMMAND', 'DOCS'],
    ]);
    theirs = factsOf(info);
    theirDocs = docsOf(docs);
  });
  afterAll(() => oracle?.stop());

  const ours = factsOf(ask('COMMAND', 'INFO', ...names));
  const ourDocs = docsOf(ask('COMMAND', 'DOCS', ...names));

  function compare(name: string): void {
    const wanted = theirs.get(name);
    // Commands that the oracle is too old to know have nothing to be compared with.
    if (wanted === undefined) return;
    expect(ours.get(name)).toEqual({ ...wanted, ...EXCEPTIONS[name] });
    if (!NEWER_ARGUMENTS.has(name)) expect(ourDocs.get(name)).toEqual(theirDocs.get(name));
  }

  test.each([...ours.keys()])('%s', compare);

  test.each(['string', 'keyspace', 'write', 'dangerous', 'fast', 'blocking', 'nonsense'])(
    'the commands of category %s',
    async (category) => {
      const command = ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', category];
      const [reply] = await (await theOracle()).ask([command]);
      const shared = (tree: ReplyTree, others: ReadonlyMap<string, unknown>) =>
        textsOf(tree).filter((name) => name !== null && others.has(name));
      expect(shared(ask(...command), theirs).sort()).toEqual(shared(reply, ours).sort());
    },
  );

  test('what has a syntax or a successor is a command', () => {
    const named = [...Object.keys(SYNTAX), ...Object.keys(HISTORY), ...Object.keys(DEPRECATED), ...SYSTEM_COMMANDS];
    expect(named.filter((name) => !ours.has(name) && !theirDocs.has(name))).toEqual([]);
  });
});

test('every command is documented', () => {
  const undocumented = ALL_COMMANDS.flatMap((spec) => [spec, ...(spec.subcommands ?? [])]).filter(
    ({ summary, complexity, since }) => !summary.endsWith('.') || complexity === undefined || !/^\d+\.\d+/.test(since),
  );
  expect(undocumented.map((spec) => spec.name)).toEqual([]);
});
