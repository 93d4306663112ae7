/** Positions, distances and units in the arguments and replies of the geo commands. */
import type { ReplyWriter, Request } from '@aof/resp-codec';
import type { CommandContext } from './context.ts';
import { formatFixed, formatHuman } from './fixed-decimal.ts';
import { LATITUDE_MAX, LONGITUDE_MAX, type Position } from './geohash.ts';
import { NOT_A_FLOAT } from './replies.ts';

const BAD_UNIT = 'ERR unsupported unit provided. please use M, KM, FT, MI';

const METRES: readonly (readonly [unit: string, metres: number])[] = [
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
];

/** Metres in the unit that argument `index` names; undefined after the error has been written. */
export function readUnit(ctx: CommandContext, request: Request, index: number): number | undefined {
  const found = METRES.find(([unit]) => request.is(index, unit));
  if (found === undefined) ctx.reply.error(BAD_UNIT);
  return found?.[1];
}

/** Longitude and latitude, two arguments; undefined after the error has been written. */
export function readPosition(ctx: CommandContext, request: Request, index: number): Position | undefined {
  const longitude = request.float(index);
  const latitude = longitude === undefined ? undefined : request.float(index + 1);
  if (longitude === undefined || latitude === undefined) {
    ctx.reply.error(NOT_A_FLOAT);
    return undefined;
  }
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    ctx.reply.error(`ERR invalid longitude,latitude pair ${formatFixed(longitude, 6)},${formatFixed(latitude, 6)}`);
    return undefined;
  }
  return { longitude, latitude };
}

/** A position as an array of two. */
export function writePosition(reply: ReplyWriter, { longitude, latitude }: Position): void {
  reply.array(2);
  reply.double(formatHuman(longitude));
  reply.double(formatHuman(latitude));
}

/** Digits of distances behind the point. */
const DECIMALS = 4;
/** In units of the last digit: a quick distance is far less wrong. */
const DOUBT = 1e-3;

/**
 * A distance.
 *
 * @param quick metres, by `distanceBetween`
 * @param unit metres
 * @param exact answers `exactDistanceBetween`, for the few distances that lie between two last digits
 */
export function writeDistance(reply: ReplyWriter, quick: number, unit: number, exact: () => number): void {
  const last = (quick / unit) * 10 ** DECIMALS;
  const isDoubtful = Math.abs(last - Math.floor(last) - 0.5) < DOUBT;
  reply.bulk(formatFixed((isDoubtful ? exact() : quick) / unit, DECIMALS));
}
