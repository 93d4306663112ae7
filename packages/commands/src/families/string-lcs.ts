/**
 * LCS: the longest common subsequence of two strings, its length, or where its pieces stand in both.
 *
 * The usual table: `cell[i][j]` is the length for the first i bytes of one string and the first j of the other. It is
 * filled row by row and, where more than the length is asked for, walked back from its end.
 */
import { type StringValue, stringLength, stringText } from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';

const NOT_STRINGS = 'ERR The specified keys must contain string values';
const LENGTH_AND_INDEXES = 'ERR If you want both the length and indexes, please just use IDX.';
const TABLE_TOO_LARGE = 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len';
const CELL_BYTES = 4;
/** Whatever the option says: what one array can hold, and strings that V8 can. */
const TABLE_LIMIT = 2 ** 30;

interface LcsOptions {
  wantsLength: boolean;
  wantsIndexes: boolean;
  withMatchLength: boolean;
  minMatchLength: number;
}

/** A piece that both strings have: so many bytes, beginning at these positions. */
interface Match {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

/** The string under a key, empty if there is none; undefined if it is no string. */
function readString(ctx: CommandContext, key: string): StringValue | undefined {
  const value = ctx.db.lookupRead(key);
  if (value === undefined) return '';
  return typeof value === 'string' || value.type === 'string' ? value : undefined;
}

/** Reads the words from argument 3 on; undefined after the error has been written. */
function readOptions(ctx: CommandContext, request: Request): LcsOptions | undefined {
  const options = { wantsLength: false, wantsIndexes: false, withMatchLength: false, minMatchLength: 0 };
  for (let i = 3; i < request.count; i++) {
    if (request.is(i, 'idx')) options.wantsIndexes = true;
    else if (request.is(i, 'len')) options.wantsLength = true;
    else if (request.is(i, 'withmatchlen')) options.withMatchLength = true;
    else if (i + 1 < request.count && request.is(i, 'minmatchlen')) {
      const length = readInteger(ctx, request, ++i);
      if (length === undefined) return undefined;
      options.minMatchLength = Math.max(0, length);
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return options;
}

/** The table's rows one after the other, each of `second.length + 1` cells. */
function fillTable(first: string, second: string): Uint32Array {
  const width = second.length + 1;
  const table = new Uint32Array((first.length + 1) * width);
  for (let i = 1; i <= first.length; i++) {
    const byte = first.charCodeAt(i - 1);
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const above = table[row - width + j];
      const before = table[row + j - 1];
      table[row + j] = byte === second.charCodeAt(j - 1) ? table[row - width + j - 1] + 1 : Math.max(above, before);
    }
  }
  return table;
}

/** Walks back from the end of the table; the matches come from the last to the first. */
function findMatches(first: string, second: string, table: Uint32Array): Match[] {
  const width = second.length + 1;
  const matches: Match[] = [];
  let length = 0;
  let i = first.length;
  let j = second.length;
  const close = () => {
    if (length > 0) matches.push({ first: i, second: j, length });
    length = 0;
  };
  while (i > 0 && j > 0) {
    if (first.charCodeAt(i - 1) === second.charCodeAt(j - 1)) {
      length++;
      i--;
      j--;
      continue;
    }
    close();
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  close();
  return matches;
}

function writeRange(reply: ReplyWriter, start: number, length: number): void {
  reply.array(2);
  reply.integer(start);
  reply.integer(start + length - 1);
}

function answerMatches(reply: ReplyWriter, matches: readonly Match[], length: number, options: LcsOptions): void {
  const shown = matches.filter((match) => match.length >= options.minMatchLength);
  reply.map(2);
  reply.bulk('matches');
  reply.array(shown.length);
  for (const match of shown) {
    reply.array(options.withMatchLength ? 3 : 2);
    writeRange(reply, match.first, match.length);
    writeRange(reply, match.second, match.length);
    if (options.withMatchLength) reply.integer(match.length);
  }
  reply.bulk('len');
  reply.integer(length);
}

const lcs: Handler = (ctx, request) => {
  const { reply } = ctx;
  const one = readString(ctx, request.key(1));
  const other = readString(ctx, request.key(2));
  if (one === undefined || other === undefined) return reply.error(NOT_STRINGS);
  const options = readOptions(ctx, request);
  if (options === undefined) return;
  if (options.wantsIndexes && options.wantsLength) return reply.error(LENGTH_AND_INDEXES);
  const tableBytes = (stringLength(one) + 1) * (stringLength(other) + 1) * CELL_BYTES;
  if (tableBytes > Math.min(TABLE_LIMIT, ctx.server.config.values['proto-max-bulk-len'])) {
    return reply.error(TABLE_TOO_LARGE);
  }
  const first = stringText(one);
  const second = stringText(other);
  const table = fillTable(first, second);
  const length = table[table.length - 1];
  if (options.wantsLength) return reply.integer(length);
  const matches = findMatches(first, second, table);
  if (options.wantsIndexes) return answerMatches(reply, matches, length, options);
  const pieces = matches.map((match) => first.slice(match.first, match.first + match.length));
  reply.bulk(pieces.reverse().join(''));
};

export const lcsCommand: CommandSpec = {
  name: 'lcs',
  arity: -3,
  flags: ['readonly'],
  categories: ['string'],
  group: 'string',
  since: '7.0.0',
  summary: 'Answers the longest common subsequence of two strings.',
  complexity: 'O(N*M) where N and M are the lengths of the strings.',
  keySpecs: [keys('RO access', 1, 1)],
  handler: lcs,
};
