/**
 * Positions on the globe, kept as the scores of a sorted set: added, read, and the distance between two. Searches are in
 * geo-search.ts.
 */
import type { SortedSetValue } from '@aof/keyspace';
import { Request } from '@aof/resp-codec';
import { distanceBetween, exactDistanceBetween } from '../geo-area.ts';
import { readPosition, readUnit, writeDistance, writePosition } from '../geo-arguments.ts';
import { cellAt, geohashText, hashOf, POSITION_STEPS, type Position, positionOf } from '../geohash.ts';
import { readValue, WRONG_TYPE } from '../lookup.ts';
import { SYNTAX_ERROR } from '../replies.ts';
import { type CommandSpec, type Handler, keys } from '../spec.ts';
import { geoSearchCommands } from './geo-search.ts';
import { addMembers } from './sorted-set.ts';

/** Arguments for each member: longitude, latitude, the member. */
const STRIDE = 3;

/** GEOADD is a ZADD of other scores, and is logged as one. */
const add: Handler = (ctx, request) => {
  let first = 2;
  let isNx = false;
  let isXx = false;
  for (; first < request.count; first++) {
    if (request.is(first, 'nx')) isNx = true;
    else if (request.is(first, 'xx')) isXx = true;
    else if (!request.is(first, 'ch')) break;
  }
  if ((request.count - first) % STRIDE !== 0 || (isNx && isXx)) return ctx.reply.error(SYNTAX_ERROR);
  const record = ['zadd'];
  for (let i = 1; i < first; i++) record.push(request.latin1(i));
  for (let i = first; i < request.count; i += STRIDE) {
    const position = readPosition(ctx, request, i);
    if (position === undefined) return;
    record.push(String(hashOf(cellAt(position, POSITION_STEPS))), request.latin1(i + 2));
  }
  const before = ctx.keyspace.dirty;
  addMembers(ctx, Request.of(record));
  if (ctx.keyspace.dirty !== before) ctx.propagate(record);
};

function positionIn(set: SortedSetValue | undefined, member: string): Position | undefined {
  const score = set?.score(member);
  return score === undefined ? undefined : positionOf(score);
}

const distance: Handler = (ctx, request) => {
  const { reply } = ctx;
  const unit = request.count === 5 ? readUnit(ctx, request, 4) : 1;
  if (unit === undefined) return;
  if (request.count > 5) return reply.error(SYNTAX_ERROR);
  const set = readValue(ctx, request.key(1), 'zset');
  if (set === WRONG_TYPE) return;
  const one = positionIn(set, request.latin1(2));
  const other = positionIn(set, request.latin1(3));
  if (one === undefined || other === undefined) reply.nullBulk();
  else writeDistance(reply, distanceBetween(one, other), unit, () => exactDistanceBetween(one, other));
};

const hash: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'zset');
  if (set === WRONG_TYPE) return;
  ctx.reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) {
    const position = positionIn(set, request.latin1(i));
    if (position === undefined) ctx.reply.nullBulk();
    else ctx.reply.bulk(geohashText(position));
  }
};

const position: Handler = (ctx, request) => {
  const set = readValue(ctx, request.key(1), 'zset');
  if (set === WRONG_TYPE) return;
  ctx.reply.array(request.count - 2);
  for (let i = 2; i < request.count; i++) {
    const found = positionIn(set, request.latin1(i));
    if (found === undefined) ctx.reply.nullArray();
    else writePosition(ctx.reply, found);
  }
};

const family = { categories: ['geo'], group: 'geo', since: '3.2.0' } as const;

export const geoCommands: readonly CommandSpec[] = [
  {
    ...family,
    name: 'geoadd',
    arity: -5,
    flags: ['write', 'denyoom'],
    summary: 'Adds members with their positions, or moves them.',
    complexity: 'O(log(N)) for each member, where N is the size of the sorted set.',
    keySpecs: [keys('RW update')],
    handler: add,
  },
  {
    ...family,
    name: 'geodist',
    arity: -4,
    flags: ['readonly'],
    summary: 'Answers the distance between two members.',
    complexity: 'O(1)',
    keySpecs: [keys('RO access')],
    handler: distance,
  },
  {
    ...family,
    name: 'geohash',
    arity: -2,
    flags: ['readonly'],
    summary: 'Answers the positions of members as standard geohashes.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RO access')],
    handler: hash,
  },
  {
    ...family,
    name: 'geopos',
    arity: -2,
    flags: ['readonly'],
    summary: 'Answers the longitudes and latitudes of members.',
    complexity: 'O(1) for each member.',
    keySpecs: [keys('RO access')],
    handler: position,
  },
  ...geoSearchCommands,
];
