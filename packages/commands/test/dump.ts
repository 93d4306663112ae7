/** The whole data set of a server, read by commands: what both sides must agree on after a script. */
import type { Argument } from './oracle.ts';
import { type ReplyTree, textsOf } from './reply-tree.ts';
import { CLOCK_TOLERANCE_MS, isSameEncoding, LAST_EXPIRY_MS } from './rules.ts';
import { quote } from './script.ts';
import { streamData } from './stream-rules.ts';

/** Sends commands (in RESP2) and answers one reply each. */
export type Ask = (commands: readonly (readonly Argument[])[]) => Promise<ReplyTree[]>;

interface DumpedKey {
  readonly database: number;
  readonly key: string;
  readonly type: string;
  readonly encoding: string;
  readonly content: string;
  /** ms, -1 without expiry. */
  readonly expireAtMs: number;
}

const DATABASES = 16;

const CONTENT_COMMANDS: Readonly<Record<string, (key: string) => Argument[]>> = {
  string: (key) => ['GET', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  hash: (key) => ['HGETALL', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  stream: (key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
};

/** Every key of every database. */
export async function dump(ask: Ask): Promise<DumpedKey[]> {
  const numbers = Array.from({ length: DATABASES }, (_, i) => i);
  const listings = await ask(
    numbers.flatMap((database) => [
      ['SELECT', String(database)],
      ['KEYS', '*'],
    ]),
  );
  const all: DumpedKey[] = [];
  for (const database of numbers) {
    const names = textsOf(listings[2 * database + 1]).map((name) => name ?? '');
    if (names.length > 0) all.push(...(await dumpDatabase(ask, database, names.sort())));
  }
  return all;
}

async function dumpDatabase(ask: Ask, database: number, names: readonly string[]): Promise<DumpedKey[]> {
  const facts = await ask([
    ['SELECT', String(database)],
    ...names.flatMap((key) => [
      ['TYPE', key],
      ['PEXPIRETIME', key],
      ['OBJECT', 'ENCODING', key],
    ]),
  ]);
  const types = names.map((_, i) => facts[1 + 3 * i].text ?? '');
  const contents = await ask(names.map((key, i) => CONTENT_COMMANDS[types[i]]?.(key) ?? ['TYPE', key]));
  return names.map((key, i) => ({
    database,
    key,
    type: types[i],
    encoding: facts[3 + 3 * i].text ?? '',
    content: normalised(types[i], contents[i]),
    expireAtMs: Number(facts[2 + 3 * i].text),
  }));
}

/** Content as text, equal for equal contents. */
function normalised(type: string, tree: ReplyTree): string {
  if (type === 'stream') return JSON.stringify(streamData(tree));
  if (tree.items === undefined) return JSON.stringify(tree);
  const texts = textsOf(tree).map((text) => quote(text ?? '(nil)'));
  if (type === 'set') return texts.sort().join(' ');
  if (type !== 'hash') return texts.join(' ');
  const pairs = texts.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${texts[i + 1]}`] : []));
  return pairs.sort().join(' ');
}

/** The first differences between two data sets as lines; empty if there are none. */
export function differencesOf(
  oracle: readonly DumpedKey[],
  ours: readonly DumpedKey[],
  withEncodings: boolean,
): string[] {
  const name = (entry: DumpedKey) => `${entry.database}:${quote(entry.key)}`;
  const others = new Map(ours.map((entry) => [name(entry), entry]));
  const lines: string[] = [];
  for (const entry of oracle) {
    const other = others.get(name(entry));
    others.delete(name(entry));
    if (other === undefined) lines.push(`    ${name(entry)} exists only in the oracle: ${describe(entry)}`);
    else if (!isSame(entry, other, withEncodings)) {
      lines.push(`    ${name(entry)} oracle: ${describe(entry)}`, `    ${name(entry)} ours:   ${describe(other)}`);
    }
  }
  for (const entry of others.values()) lines.push(`    ${name(entry)} exists only in ours: ${describe(entry)}`);
  return lines;
}

function isSame(a: DumpedKey, b: DumpedKey, withEncodings: boolean): boolean {
  if (
    a.type !== b.type ||
    a.content !== b.content ||
    (withEncodings && !isSameEncoding(a.type, a.encoding, b.encoding))
  )
    return false;
  if (a.expireAtMs < 0 || b.expireAtMs < 0) return a.expireAtMs === b.expireAtMs;
  if (a.expireAtMs >= LAST_EXPIRY_MS && b.expireAtMs >= LAST_EXPIRY_MS) return true;
  return Math.abs(a.expireAtMs - b.expireAtMs) <= CLOCK_TOLERANCE_MS;
}

function describe({ type, encoding, content, expireAtMs }: DumpedKey): string {
  const shown = content.length > 400 ? `${content.slice(0, 400)}…(${content.length})` : content;
  return `${type}/${encoding} ${shown} expire ${expireAtMs}`;
}
