/** Reading streams: ranges of them, and XREAD, which reads several from an ID on. */
import {
  compareStreamIds,
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  nextStreamId,
  type StreamId,
  type StreamValue,
  streamIdText,
} from '@aof/keyspace';
import { type ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { readInteger, readValue, WRONG_TYPE } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { readEnd, readId, readStart, writeEntry } from './stream-arguments.ts';

const UNBALANCED = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
const ONLY_IN_GROUP =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.';
const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
const TIMEOUT_NOT_AN_INTEGER = 'ERR timeout is not an integer or out of range';

/**
 * Writes the entries from `start` to `end` as an array.
 *
 * @param limit at most so many; 0 for all
 */
export function writeRange(
  reply: ReplyWriter,
  stream: StreamValue,
  start: StreamId,
  end: StreamId,
  limit: number,
  isDown = false,
): void {
  const hold = reply.defer();
  let count = 0;
  stream.visit(start, end, isDown, (entry) => {
    writeEntry(reply, entry);
    return ++count !== limit;
  });
  reply.closeArray(hold, count);
}

/** XRANGE, and XREVRANGE, whose bounds come in the other order. */
function ranging(isDown: boolean): Handler {
  return (ctx, request) => {
    const { reply } = ctx;
    const start = readStart(ctx, request, isDown ? 3 : 2);
    if (start === undefined) return;
    const end = readEnd(ctx, request, isDown ? 2 : 3);
    if (end === undefined) return;
    let limit: number | undefined;
    for (let i = 4; i < request.count; i += 2) {
      if (i + 1 >= request.count || !request.is(i, 'count')) return reply.error(SYNTAX_ERROR);
      limit = readInteger(ctx, request, i + 1);
      if (limit === undefined) return;
    }
    const stream = readValue(ctx, request.key(1), 'stream');
    if (stream === WRONG_TYPE) return;
    if (stream === undefined) return reply.array(0);
    if (limit !== undefined && limit <= 0) return reply.nullArray();
    writeRange(reply, stream, start, end, limit ?? 0, isDown);
  };
}

/** The words of XREAD and XREADGROUP before the keys. */
export interface ReadWords {
  /** Entries of each stream at most; 0 for all. */
  count: number;
  /** BLOCK: milliseconds to wait for entries if there are none, 0 for ever; undefined: not at all. */
  blockMs: number | undefined;
  /** Undefined for XREAD. */
  group: { readonly name: string; readonly consumer: string } | undefined;
  noAcknowledge: boolean;
  /** Where the first key stands, and how many there are; IDs follow in the same order. */
  firstKey: number;
  keyCount: number;
}

/**
 * Reads the words up to STREAMS.
 *
 * @param isGroup XREADGROUP's words
 * @returns undefined after the error has been written
 */
export function readReadWords(ctx: CommandContext, request: Request, isGroup: boolean): ReadWords | undefined {
  const words: ReadWords = {
    count: 0,
    blockMs: undefined,
    group: undefined,
    noAcknowledge: false,
    firstKey: 0,
    keyCount: 0,
  };
  for (let i = 1; i < request.count && words.firstKey === 0; i++) {
    const more = request.count - i - 1;
    if (more > 0 && request.is(i, 'block')) {
      words.blockMs = readBlock(ctx, request, ++i);
      if (words.blockMs === undefined) return undefined;
    } else if (more > 0 && request.is(i, 'count')) {
      const count = readInteger(ctx, request, ++i);
      if (count === undefined) return undefined;
      words.count = Math.max(0, count);
    } else if (more > 0 && request.is(i, 'streams')) {
      if (more % 2 !== 0) return refuse(ctx, UNBALANCED);
      words.firstKey = i + 1;
      words.keyCount = more / 2;
    } else if (more > 1 && request.is(i, 'group')) {
      if (!isGroup) return refuse(ctx, onlyForGroups('GROUP'));
      words.group = { name: request.latin1(i + 1), consumer: request.latin1(i + 2) };
      i += 2;
    } else if (request.is(i, 'noack')) {
      if (!isGroup) return refuse(ctx, onlyForGroups('NOACK'));
      words.noAcknowledge = true;
    } else {
      return refuse(ctx, SYNTAX_ERROR);
    }
  }
  return words.firstKey === 0 ? refuse(ctx, SYNTAX_ERROR) : words;
}

function onlyForGroups(option: string): string {
  return `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`;
}

function refuse(ctx: CommandContext, error: string): undefined {
  ctx.reply.error(error);
}

/** @returns milliseconds; undefined after the error has been written */
function readBlock(ctx: CommandContext, request: Request, index: number): number | undefined {
  const timeout = request.integer(index);
  if (timeout === undefined) return refuse(ctx, TIMEOUT_NOT_AN_INTEGER);
  if (timeout < 0) return refuse(ctx, TIMEOUT_NEGATIVE);
  return Math.min(Number(timeout), Number.MAX_SAFE_INTEGER - ctx.nowMs);
}

/**
 * Nothing was found: waits if BLOCK asks for it, else says so.
 *
 * @param ids where each stream is read from once it has something: what `$` meant when the wait began
 */
export function endEmptyRead(ctx: CommandContext, request: Request, words: ReadWords, ids?: readonly StreamId[]): void {
  const { blockMs, firstKey, keyCount, group } = words;
  if (blockMs === undefined) return ctx.reply.nullArray();
  const args = Array.from({ length: request.count }, (_, i) => request.latin1(i));
  for (const [i, id] of ids?.entries() ?? []) args[firstKey + keyCount + i] = streamIdText(id);
  ctx.waitFor({
    keys: args.slice(firstKey, firstKey + keyCount),
    type: 'stream',
    // A group goes with its stream: who waits for it is told.
    wakesWhenGone: group !== undefined,
    timeoutMs: blockMs,
    onTimeout: (reply) => reply.nullArray(),
    request: Request.of(args),
  });
}

/** Where the keys of XREAD and XREADGROUP stand: the first half of what follows the first STREAMS from `from` on. */
export function keysAfterStreams(from: number): (request: Request) => number[] | undefined {
  return (request) => {
    for (let i = from; i < request.count; i++) {
      if (!request.is(i, 'streams')) continue;
      return Array.from({ length: Math.floor((request.count - i - 1) / 2) }, (_, at) => i + 1 + at);
    }
    return undefined;
  };
}

/** Writes what XREAD and XREADGROUP answer: a map by key, opened when the first stream has something. */
export class StreamsReply {
  readonly #reply: ReplyWriter;
  #hold: ReturnType<ReplyWriter['defer']> | undefined;
  #count = 0;

  constructor(reply: ReplyWriter) {
    this.#reply = reply;
  }

  /** The entries of the stream at `key` follow. */
  begin(key: string): void {
    this.#hold ??= this.#reply.defer();
    this.#count++;
    if (this.#reply.protocol === 2) this.#reply.array(2);
    this.#reply.bulk(key);
  }

  get isEmpty(): boolean {
    return this.#hold === undefined;
  }

  /** Only if it is not empty. */
  end(): void {
    if (this.#hold === undefined) return;
    if (this.#reply.protocol === 2) this.#reply.closeArray(this.#hold, this.#count);
    else this.#reply.closeMap(this.#hold, this.#count);
  }
}

const xread: Handler = (ctx, request) => {
  const words = readReadWords(ctx, request, false);
  if (words === undefined) return;
  const { firstKey, keyCount, count } = words;
  const after: StreamId[] = [];
  for (let i = firstKey; i < firstKey + keyCount; i++) {
    const stream = readValue(ctx, request.key(i), 'stream');
    if (stream === WRONG_TYPE) return;
    if (request.is(i + keyCount, '$')) after.push(stream?.lastId ?? MIN_STREAM_ID);
    else if (request.is(i + keyCount, '>')) return ctx.reply.error(ONLY_IN_GROUP);
    else {
      const id = readId(ctx, request, i + keyCount);
      if (id === undefined) return;
      after.push(id);
    }
  }
  const answer = new StreamsReply(ctx.reply);
  for (const [i, id] of after.entries()) {
    const key = request.key(firstKey + i);
    const stream = readValue(ctx, key, 'stream');
    if (stream === WRONG_TYPE) return;
    const top = stream?.topId();
    if (stream === undefined || top === undefined || compareStreamIds(top, id) <= 0) continue;
    answer.begin(key);
    writeRange(ctx.reply, stream, nextStreamId(id) ?? MAX_STREAM_ID, MAX_STREAM_ID, count);
  }
  if (answer.isEmpty) endEmptyRead(ctx, request, words, after);
  else answer.end();
};

const family = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const streamReadCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'xrange',
    arity: -4,
    flags: ['readonly'],
    summary: 'Answers the entries of a stream between two IDs.',
    complexity: 'O(log(M)+N), where M is the number of nodes and N that of the entries answered.',
    keySpecs: [keys('RO access')],
    handler: ranging(false),
  },
  {
    ...family,
    name: 'xrevrange',
    arity: -4,
    flags: ['readonly'],
    summary: 'Answers the entries of a stream between two IDs, the last one first.',
    complexity: 'O(log(M)+N), where M is the number of nodes and N that of the entries answered.',
    keySpecs: [keys('RO access')],
    handler: ranging(true),
  },
  {
    ...family,
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    summary: 'Answers the entries of streams behind an ID of each.',
    complexity: 'O(log(M)+N) for each stream, where M is the number of nodes and N that of the entries answered.',
    keySpecs: [
      {
        flags: ['RO', 'access'],
        begin: { keyword: 'STREAMS', startFrom: 1 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    getKeys: keysAfterStreams(1),
    handler: xread,
  },
];
