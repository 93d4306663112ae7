/** Consumer groups: made, moved and removed (XGROUP), what was delivered acknowledged (XACK). */
import {
  type Integer64,
  MIN_STREAM_ID,
  type StreamGroup,
  type StreamId,
  StreamValue,
  UNKNOWN_ENTRIES_READ,
} from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';
import type { CommandContext } from '../context.ts';
import { helpSubcommand } from '../help.ts';
import { readValue, WRONG_TYPE, writeValue } from '../lookup.ts';
import { NOT_AN_INTEGER } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { readId, readIdOrEdge, readIds } from './stream-arguments.ts';
import { quoted, seeConsumer } from './stream-delivery.ts';
import { subcommandSyntaxError } from './stream-info.ts';

const ENTRIES_READ_NEGATIVE = 'ERR value for ENTRIESREAD must be positive or -1';
const KEY_MUST_EXIST =
  'ERR The XGROUP subcommand requires the key to exist. ' +
  'Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';
const GROUP_EXISTS = 'BUSYGROUP Consumer Group name already exists';

interface GroupWords {
  makesStream: boolean;
  entriesRead: Integer64;
}

/** The words of CREATE (with MKSTREAM) and SETID from argument 5 on; undefined after the error has been written. */
function readGroupWords(ctx: CommandContext, request: Request, isCreating: boolean): GroupWords | undefined {
  const words: GroupWords = { makesStream: false, entriesRead: UNKNOWN_ENTRIES_READ };
  for (let i = 5; i < request.count; i++) {
    let error: string | undefined;
    if (isCreating && request.is(i, 'mkstream')) words.makesStream = true;
    else if (request.is(i, 'entriesread') && i + 1 < request.count) {
      const read = request.integer(++i);
      if (read === undefined) error = NOT_AN_INTEGER;
      else if (read < 0 && read !== UNKNOWN_ENTRIES_READ) error = ENTRIES_READ_NEGATIVE;
      else words.entriesRead = read;
    } else error = subcommandSyntaxError(request);
    if (error !== undefined) {
      ctx.reply.error(error);
      return undefined;
    }
  }
  return words;
}

/** The stream to change; undefined after the error has been written. */
function requireStream(ctx: CommandContext, request: Request): StreamValue | undefined {
  const stream = writeValue(ctx, request.key(2), 'stream');
  if (stream === WRONG_TYPE) return undefined;
  if (stream === undefined) ctx.reply.error(KEY_MUST_EXIST);
  return stream;
}

function requireGroup(
  ctx: CommandContext,
  request: Request,
): { readonly stream: StreamValue; readonly group: StreamGroup } | undefined {
  const stream = requireStream(ctx, request);
  if (stream === undefined) return undefined;
  const name = request.latin1(3);
  const group = stream.group(name);
  if (group !== undefined) return { stream, group };
  ctx.reply.error(`NOGROUP No such consumer group ${quoted(name)} for key name ${quoted(request.key(2))}`);
  return undefined;
}

const create: Handler = (ctx, request) => {
  const { reply } = ctx;
  const words = readGroupWords(ctx, request, true);
  if (words === undefined) return;
  const key = request.key(2);
  const found = words.makesStream ? writeValue(ctx, key, 'stream') : requireStream(ctx, request);
  if (found === WRONG_TYPE || (found === undefined && !words.makesStream)) return;
  if (request.count > 8) return reply.error(subcommandSyntaxError(request));
  const id = readDeliveredId(ctx, request, found, readId);
  if (id === undefined) return;
  const stream = found ?? new StreamValue();
  if (found === undefined) ctx.db.set(key, stream);
  const name = request.latin1(3);
  if (stream.group(name) !== undefined) return reply.error(GROUP_EXISTS);
  stream.addGroup(name, id, words.entriesRead);
  ctx.keyspace.dirty++;
  reply.ok();
};

/** Argument 4: an ID, or `$` for the last one of the stream. */
function readDeliveredId(
  ctx: CommandContext,
  request: Request,
  stream: StreamValue | undefined,
  read: typeof readId,
): StreamId | undefined {
  return request.is(4, '$') ? (stream?.lastId ?? MIN_STREAM_ID) : read(ctx, request, 4);
}

const setId: Handler = (ctx, request) => {
  const words = readGroupWords(ctx, request, false);
  if (words === undefined) return;
  const found = requireGroup(ctx, request);
  if (found === undefined) return;
  if (request.count !== 5 && request.count !== 7) return ctx.reply.error(subcommandSyntaxError(request));
  const id = readDeliveredId(ctx, request, found.stream, readIdOrEdge);
  if (id === undefined) return;
  found.group.lastId = id;
  found.group.entriesRead = words.entriesRead;
  ctx.keyspace.dirty++;
  ctx.reply.ok();
};

const destroy: Handler = (ctx, request) => {
  const stream = requireStream(ctx, request);
  if (stream === undefined) return;
  const isRemoved = stream.removeGroup(request.latin1(3));
  if (isRemoved) {
    ctx.keyspace.dirty++;
    // Who waits for entries of the group is told that it is gone. WATCH is not, as in Redis.
    ctx.blocked.touched(ctx.db, request.key(2));
  }
  ctx.reply.integer(isRemoved ? 1 : 0);
};

const createConsumer: Handler = (ctx, request) => {
  const found = requireGroup(ctx, request);
  if (found === undefined) return;
  const name = request.latin1(4);
  const isNew = found.group.consumer(name) === undefined;
  if (isNew) seeConsumer(ctx, found.group, name);
  ctx.reply.integer(isNew ? 1 : 0);
};

const deleteConsumer: Handler = (ctx, request) => {
  const found = requireGroup(ctx, request);
  if (found === undefined) return;
  const consumer = found.group.consumer(request.latin1(4));
  if (consumer !== undefined) {
    found.group.removeConsumer(consumer);
    ctx.keyspace.dirty++;
  }
  ctx.reply.integer(consumer?.pending.size ?? 0);
};

const acknowledge: Handler = (ctx, request) => {
  const key = request.key(1);
  const stream = readValue(ctx, key, 'stream');
  if (stream === WRONG_TYPE) return;
  const group = stream?.group(request.latin1(2));
  if (group === undefined) return ctx.reply.integer(0);
  const ids = readIds(ctx, request, 3);
  if (ids === undefined) return;
  ctx.db.lookupWrite(key);
  let acknowledged = 0;
  for (const id of ids) if (group.acknowledge(id)) acknowledged++;
  ctx.keyspace.dirty += acknowledged;
  ctx.reply.integer(acknowledged);
};

const family = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const streamGroupCommands: readonly CommandSpec[] = [
  {
    name: 'xgroup',
    arity: -2,
    flags: [],
    categories: [],
    group: 'stream',
    since: '5.0.0',
    summary: 'Container of the commands about consumer groups.',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        ...family,
        name: 'create',
        arity: -5,
        flags: ['write', 'denyoom'],
        summary: 'Makes a consumer group.',
        complexity: 'O(1)',
        keySpecs: [keys('RW insert', 2)],
        handler: create,
      },
      {
        ...family,
        name: 'setid',
        arity: -5,
        flags: ['write'],
        summary: 'Sets the last entry that a group was given.',
        complexity: 'O(1)',
        keySpecs: [keys('RW update', 2)],
        handler: setId,
      },
      {
        ...family,
        name: 'destroy',
        arity: 4,
        flags: ['write'],
        summary: 'Removes a consumer group.',
        complexity: 'O(1)',
        keySpecs: [keys('RW delete', 2)],
        handler: destroy,
      },
      {
        ...family,
        name: 'createconsumer',
        arity: 5,
        flags: ['write', 'denyoom'],
        since: '6.2.0',
        summary: 'Makes a consumer of a group.',
        complexity: 'O(1)',
        keySpecs: [keys('RW insert', 2)],
        handler: createConsumer,
      },
      {
        ...family,
        name: 'delconsumer',
        arity: 5,
        flags: ['write'],
        summary: 'Removes a consumer of a group and what is pending for it.',
        complexity: 'O(N*log(M)), N being the number of its pending entries, M that of the group.',
        keySpecs: [keys('RW delete', 2)],
        handler: deleteConsumer,
      },
      helpSubcommand(
        [
          'CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <entries_read>]',
          '    Make a consumer group that is given the entries behind the ID; $ is the last one.',
          '    MKSTREAM makes the stream, too, if there is none; ENTRIESREAD tells how many entries were read.',
          'SETID <key> <group> <id|$> [ENTRIESREAD <entries_read>]',
          '    Set the last entry that the group was given.',
          'DESTROY <key> <group>',
          '    Remove the group.',
          'CREATECONSUMER <key> <group> <consumer>',
          '    Make a consumer of the group.',
          'DELCONSUMER <key> <group> <consumer>',
          '    Remove a consumer of the group.',
        ],
        'stream',
        '5.0.0',
        ['stream'],
      ),
    ],
  },
  {
    ...family,
    name: 'xack',
    arity: -4,
    flags: ['write', 'fast'],
    summary: 'Acknowledges entries: they are no longer pending.',
    complexity: 'O(log(N)) for each entry, where N is the number of pending ones.',
    keySpecs: [keys('RW update')],
    handler: acknowledge,
  },
];
