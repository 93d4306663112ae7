/** XINFO: streams, groups and consumers from inside. */
import {
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  type PendingEntry,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamValue,
  subtractInt64,
  UNKNOWN_ENTRIES_READ,
} from '@aof/keyspace';
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { readInteger, readValue, WRONG_TYPE } from '../lookup.ts';
import { asciiUpper, NO_SUCH_KEY } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { writeEntry, writeId } from './stream-arguments.ts';
import { quoted } from './stream-delivery.ts';
import { lagOf } from './stream-progress.ts';
import { writeRange } from './stream-read.ts';

const FULL_COUNT = 10;

/** The error of a subcommand that exists, with arguments that do not fit. */
export function subcommandSyntaxError(request: Request): string {
  const name = asciiUpper(request.latin1(0));
  return `ERR unknown subcommand or wrong number of arguments for ${quoted(request.latin1(1).slice(0, 128))}. Try ${name} HELP.`;
}

/** The stream whose key is argument 2; undefined after the error has been written. */
function readStream(ctx: CommandContext, request: Request): StreamValue | undefined {
  const stream = readValue(ctx, request.key(2), 'stream');
  if (stream === WRONG_TYPE) return undefined;
  if (stream === undefined) ctx.reply.error(NO_SUCH_KEY);
  return stream;
}

const infoStream: Handler = (ctx, request) => {
  const { reply } = ctx;
  const stream = readStream(ctx, request);
  if (stream === undefined) return;
  if (request.count === 3) return writeSummary(reply, stream);
  const hasCount = request.count === 6;
  if (!(hasCount || request.count === 4) || !request.is(3, 'full') || (hasCount && !request.is(4, 'count'))) {
    return reply.error(subcommandSyntaxError(request));
  }
  const count = hasCount ? readInteger(ctx, request, 5) : FULL_COUNT;
  if (count !== undefined) writeFull(reply, stream, count < 0 ? FULL_COUNT : count);
};

function writeCounters(reply: ReplyWriter, stream: StreamValue): void {
  reply.bulk('length');
  reply.integer(stream.length);
  reply.bulk('radix-tree-keys');
  reply.integer(stream.nodeCount);
  // There is no such tree here; the number of its nodes that only have to do with their keys is as good as any.
  reply.bulk('radix-tree-nodes');
  reply.integer(stream.nodeCount + 1);
  writeIdField(reply, 'last-generated-id', stream.lastId);
  writeIdField(reply, 'max-deleted-entry-id', stream.maxDeletedId);
  reply.bulk('entries-added');
  // As in Redis a signed integer, which it counts beyond.
  reply.integer(subtractInt64(stream.entriesAdded, 0));
  writeIdField(reply, 'recorded-first-entry-id', stream.firstId);
}

function writeIdField(reply: ReplyWriter, name: string, id: StreamId): void {
  reply.bulk(name);
  writeId(reply, id);
}

function writeSummary(reply: ReplyWriter, stream: StreamValue): void {
  reply.map(10);
  writeCounters(reply, stream);
  reply.bulk('groups');
  reply.integer(stream.groupCount);
  for (const [name, isDown] of [['first-entry', false] as const, ['last-entry', true] as const]) {
    reply.bulk(name);
    let isFound = false;
    stream.visit(MIN_STREAM_ID, MAX_STREAM_ID, isDown, (entry) => {
      writeEntry(reply, entry);
      isFound = true;
      return false;
    });
    if (!isFound) reply.nullBulk();
  }
}

/** @param count entries of the stream and of each list of pending ones at most; 0 for all */
function writeFull(reply: ReplyWriter, stream: StreamValue, count: number): void {
  reply.map(9);
  writeCounters(reply, stream);
  reply.bulk('entries');
  writeRange(reply, stream, MIN_STREAM_ID, MAX_STREAM_ID, count);
  reply.bulk('groups');
  reply.array(stream.groupCount);
  for (const group of stream.groups()) writeFullGroup(reply, stream, group, count);
}

function writeFullGroup(reply: ReplyWriter, stream: StreamValue, group: StreamGroup, count: number): void {
  reply.map(7);
  reply.bulk('name');
  reply.bulk(group.name);
  writeProgress(reply, stream, group);
  reply.bulk('pel-count');
  reply.integer(group.pending.size);
  reply.bulk('pending');
  writePending(reply, group.pending.ascending(MIN_STREAM_ID), count, true);
  reply.bulk('consumers');
  reply.array(group.consumerCount);
  for (const consumer of group.consumers()) {
    reply.map(5);
    reply.bulk('name');
    reply.bulk(consumer.name);
    reply.bulk('seen-time');
    reply.integer(consumer.seenAtMs);
    reply.bulk('active-time');
    reply.integer(consumer.activeAtMs);
    reply.bulk('pel-count');
    reply.integer(consumer.pending.size);
    reply.bulk('pending');
    writePending(reply, consumer.pending.ascending(MIN_STREAM_ID), count, false);
  }
}

function writeProgress(reply: ReplyWriter, stream: StreamValue, group: StreamGroup): void {
  writeIdField(reply, 'last-delivered-id', group.lastId);
  reply.bulk('entries-read');
  if (group.entriesRead === UNKNOWN_ENTRIES_READ) reply.nullBulk();
  else reply.integer(group.entriesRead);
  reply.bulk('lag');
  const lag = lagOf(group, stream);
  if (lag === undefined) reply.nullBulk();
  else reply.integer(lag);
}

function writePending(reply: ReplyWriter, pending: Iterable<PendingEntry>, limit: number, withConsumer: boolean): void {
  const hold = reply.defer();
  let count = 0;
  for (const entry of pending) {
    reply.array(withConsumer ? 4 : 3);
    writeId(reply, entry);
    if (withConsumer) reply.bulk(entry.consumer);
    reply.integer(entry.deliveredAtMs);
    reply.integer(entry.deliveryCount);
    if (++count === limit) break;
  }
  reply.closeArray(hold, count);
}

const infoGroups: Handler = (ctx, request) => {
  const { reply } = ctx;
  const stream = readStream(ctx, request);
  if (stream === undefined) return;
  reply.array(stream.groupCount);
  for (const group of stream.groups()) {
    reply.map(6);
    reply.bulk('name');
    reply.bulk(group.name);
    reply.bulk('consumers');
    reply.integer(group.consumerCount);
    reply.bulk('pending');
    reply.integer(group.pending.size);
    writeProgress(reply, stream, group);
  }
};

const infoConsumers: Handler = (ctx, request) => {
  const stream = readStream(ctx, request);
  if (stream === undefined) return;
  const name = request.latin1(3);
  const group = stream.group(name);
  if (group === undefined) {
    return ctx.reply.error(`NOGROUP No such consumer group ${quoted(name)} for key name ${quoted(request.key(2))}`);
  }
  ctx.reply.array(group.consumerCount);
  for (const consumer of group.consumers()) writeConsumer(ctx, consumer);
};

function writeConsumer(
  { reply, nowMs }: CommandContext,
  { name, pending, seenAtMs, activeAtMs }: StreamConsumer,
): void {
  reply.map(4);
  reply.bulk('name');
  reply.bulk(name);
  reply.bulk('pending');
  reply.integer(pending.size);
  reply.bulk('idle');
  reply.integer(Math.max(0, nowMs - seenAtMs));
  reply.bulk('inactive');
  reply.integer(activeAtMs < 0 ? -1 : Math.max(0, nowMs - activeAtMs));
}

const family = { categories: ['stream'], group: 'stream', since: '5.0.0', complexity: 'O(1)' } as const;
const facts = { flags: ['readonly'], keySpecs: [keys('RO access', 2)] } as const;

export const streamInfoCommand: CommandSpec = {
  name: 'xinfo',
  arity: -2,
  flags: [],
  categories: [],
  group: 'stream',
  since: '5.0.0',
  summary: 'Container of the commands that tell about streams.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...family,
      ...facts,
      name: 'stream',
      arity: -3,
      summary: 'Answers what a stream counts, and its first and last entry or, with FULL, all that is in it.',
      handler: infoStream,
    },
    {
      ...family,
      ...facts,
      name: 'groups',
      arity: 3,
      summary: 'Answers the consumer groups of a stream.',
      handler: infoGroups,
    },
    {
      ...family,
      ...facts,
      name: 'consumers',
      arity: 4,
      summary: 'Answers the consumers of a group.',
      tips: ['nondeterministic_output'],
      handler: infoConsumers,
    },
    helpSubcommand(
      [
        'STREAM <key> [FULL [COUNT <count>]]',
        '    Answer what the stream counts, with FULL also what is in it.',
        'GROUPS <key>',
        '    Answer the consumer groups of the stream.',
        'CONSUMERS <key> <group>',
        '    Answer the consumers of the group.',
      ],
      'stream',
      '5.0.0',
      ['stream'],
    ),
  ],
};
