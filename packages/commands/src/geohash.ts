/**
 * Geohashes: positions as integers of 52 bits, and cells of the grid that prefixes of them make.
 *
 * Longitude and latitude are each cut into 2^step equal parts; the numbers of the parts, their bits interleaved, are the
 * hash, latitude in the even bits. A position is a hash of 26 steps, and the score of a member of a sorted set, so that the
 * positions of a cell are a range of scores. Scores come from clients, too, and may be any double.
 *
 * The latitudes are those of the Mercator projection, which ends before the poles.
 */

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
/** Steps of a position. */
export const POSITION_STEPS = 26;

const LATITUDE_SCALE = LATITUDE_MAX - -LATITUDE_MAX;
const LONGITUDE_SCALE = LONGITUDE_MAX - -LONGITUDE_MAX;
const WORD = 2 ** 32;
const HALF_OF_64_BITS = 2 ** 63;

/** Degrees. */
export interface Position {
  readonly longitude: number;
  readonly latitude: number;
}

/** A cell of the grid of 2^steps by 2^steps. */
export interface Cell {
  readonly latitudeIndex: number;
  readonly longitudeIndex: number;
  readonly steps: number;
}

/** What a cell covers, degrees. */
interface CellBounds {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

// Bits ------------------------------------------------------------------------------------------------------------------

/** The lowest 16 bits, each followed by a zero. */
function spread(half: number): number {
  let bits = half & 0xffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** Every second of 32 bits, from the lowest on. */
function squash(word: number): number {
  let bits = word & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

/** The hash of a cell: `2 * steps` bits, or a few more at the very ends of the grid. */
export function hashOf({ latitudeIndex, longitudeIndex }: Cell): bigint {
  const low = (spread(latitudeIndex) | (spread(longitudeIndex) << 1)) >>> 0;
  const high = (spread(latitudeIndex >>> 16) | (spread(longitudeIndex >>> 16) << 1)) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The scores of the positions in a cell: from `min` to `max`, exclusive. */
export function scoresOf(cell: Cell): { min: number; max: number } {
  const hash = hashOf(cell);
  const shift = BigInt(2 * (POSITION_STEPS - cell.steps));
  return { min: Number(hash << shift), max: Number((hash + 1n) << shift) };
}

// Cells -----------------------------------------------------------------------------------------------------------------

/** The cell that a position lies in. Its number may be 2^steps at the northern and eastern ends, which Redis leaves so. */
export function cellAt({ longitude, latitude }: Position, steps: number): Cell {
  return {
    latitudeIndex: Math.floor(((latitude + LATITUDE_MAX) / LATITUDE_SCALE) * 2 ** steps),
    longitudeIndex: Math.floor(((longitude + LONGITUDE_MAX) / LONGITUDE_SCALE) * 2 ** steps),
    steps,
  };
}

/** The cell so many cells to the east and to the north, around the globe. */
export function neighbour(cell: Cell, east: number, north: number): Cell {
  const count = 2 ** cell.steps;
  const move = (index: number, by: number) => (by === 0 ? index : (index + by + count) % count);
  return {
    latitudeIndex: move(cell.latitudeIndex, north),
    longitudeIndex: move(cell.longitudeIndex, east),
    steps: cell.steps,
  };
}

export function boundsOf({ latitudeIndex, longitudeIndex, steps }: Cell): CellBounds {
  const count = 2 ** steps;
  // Numbers of parts have 32 bits, and so has the next one.
  const latitude = (index: number) => -LATITUDE_MAX + (index / count) * LATITUDE_SCALE;
  const longitude = (index: number) => -LONGITUDE_MAX + (index / count) * LONGITUDE_SCALE;
  return {
    south: latitude(latitudeIndex),
    north: latitude((latitudeIndex + 1) >>> 0),
    west: longitude(longitudeIndex),
    east: longitude((longitudeIndex + 1) >>> 0),
  };
}

// Positions -------------------------------------------------------------------------------------------------------------

/** The middle of the cell that a score names. */
export function positionOf(score: number): Position {
  let high: number;
  let low: number;
  if (score >= 0 && score <= Number.MAX_SAFE_INTEGER) {
    high = Math.floor(score / WORD);
    low = score >>> 0;
  } else {
    const bits = unsignedBits(score);
    high = Number(bits >> 32n);
    low = Number(bits & 0xffffffffn);
  }
  const { south, north, west, east } = boundsOf({
    latitudeIndex: (squash(low) | (squash(high) << 16)) >>> 0,
    longitudeIndex: (squash(low >>> 1) | (squash(high >>> 1) << 16)) >>> 0,
    steps: POSITION_STEPS,
  });
  return {
    longitude: Math.max(-LONGITUDE_MAX, Math.min(LONGITUDE_MAX, (west + east) / 2)),
    latitude: Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, (south + north) / 2)),
  };
}

/** A double as 64 bits without a sign, as processors convert it: what does not fit is what comes of doing it anyway. */
function unsignedBits(score: number): bigint {
  if (score >= 2 * HALF_OF_64_BITS) return 0n;
  if (score < -HALF_OF_64_BITS) return 2n ** 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(score)));
}

const BASE_32 = '0123456789bcdefghjkmnpqrstuvwxyz';
/** Poles included, unlike the grid of positions. */
const STANDARD_LATITUDE_MAX = 90;
const TEXT_DIGITS = 10;

/** The geohash of a position as text, as other programs write it: 11 characters, of which the last is always `0`. */
export function geohashText({ longitude, latitude }: Position): string {
  const count = 2 ** POSITION_STEPS;
  const hash = hashOf({
    latitudeIndex: Math.floor(((latitude + STANDARD_LATITUDE_MAX) / (2 * STANDARD_LATITUDE_MAX)) * count),
    longitudeIndex: Math.floor(((longitude + LONGITUDE_MAX) / LONGITUDE_SCALE) * count),
    steps: POSITION_STEPS,
  });
  let text = '';
  for (let i = 1; i <= TEXT_DIGITS; i++) text += BASE_32[Number((hash >> BigInt(52 - 5 * i)) & 31n)];
  return `${text}0`;
}
