/**
 * Areas on the globe: distances, circles and boxes, and the cells of the geohash grid that have to be looked at to find
 * what lies in one.
 */

import { boundsOf, type Cell, cellAt, neighbour, POSITION_STEPS, type Position } from './geohash.ts';
import { arcSine, cosine, sine } from './trigonometry.ts';

/** The quadratic mean radius, metres. */
const EARTH_RADIUS = 6372797.560856;
const RADIANS = Math.PI / 180;
/** Half the width of the map, metres. */
const MAP_HALF_WIDTH = 20037726.37;
/** Beyond these latitudes (degrees, north and south) cells are narrow, so that wider ones are taken. */
const NARROW_LATITUDE = 66;
const VERY_NARROW_LATITUDE = 80;

/** Lengths are in metres. */
export type Area =
  | { readonly kind: 'circle'; readonly centre: Position; readonly radius: number }
  | { readonly kind: 'box'; readonly centre: Position; readonly width: number; readonly height: number };

/** How distances are computed: quickly, for comparing them, or to the last digit, for storing and printing them. */
interface Trigonometry {
  readonly sine: (angle: number) => number;
  readonly cosine: (angle: number) => number;
  readonly arcSine: (ratio: number) => number;
}

const QUICK: Trigonometry = { sine: Math.sin, cosine: Math.cos, arcSine: Math.asin };
const EXACT: Trigonometry = { sine, cosine, arcSine };

/** Metres along a great circle, by the haversine formula in the order of operations that Redis has. */
function haversine(one: Position, other: Position, by: Trigonometry): number {
  const latitude = one.latitude * RADIANS;
  const otherLatitude = other.latitude * RADIANS;
  const v = by.sine((other.longitude * RADIANS - one.longitude * RADIANS) / 2);
  const u = by.sine((otherLatitude - latitude) / 2);
  const squared = u * u + by.cosine(latitude) * by.cosine(otherLatitude) * v * v;
  return 2 * EARTH_RADIUS * by.arcSine(Math.sqrt(squared));
}

/** Metres between two positions; the last digits depend on the machine. */
export function distanceBetween(one: Position, other: Position): number {
  return haversine(one, other, QUICK);
}

/** Metres between two positions, the same everywhere; much slower. */
export function exactDistanceBetween(one: Position, other: Position): number {
  return haversine(one, other, EXACT);
}

/** The distance from the centre of the area to a position that lies in it, or undefined. */
export function distanceWithin(area: Area, position: Position): number | undefined {
  const { centre } = area;
  if (area.kind === 'circle') {
    const distance = distanceBetween(centre, position);
    return distance > area.radius ? undefined : distance;
  }
  const northward = EARTH_RADIUS * Math.abs(centre.latitude * RADIANS - position.latitude * RADIANS);
  if (northward > area.height / 2) return undefined;
  const eastward = distanceBetween(position, { longitude: centre.longitude, latitude: position.latitude });
  if (eastward > area.width / 2) return undefined;
  return distanceBetween(centre, position);
}

interface Extent {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** The smallest box of degrees around an area, as far as its broader side tells. */
function extentOf(area: Area): Extent {
  const { longitude, latitude } = area.centre;
  const halfHeight = area.kind === 'circle' ? area.radius : area.height / 2;
  const halfWidth = area.kind === 'circle' ? area.radius : area.width / 2;
  const northward = halfHeight / EARTH_RADIUS / RADIANS;
  // Degrees of longitude are shortest at the side nearer to the pole.
  const farLatitude = latitude < 0 ? latitude - northward : latitude + northward;
  const eastward = halfWidth / EARTH_RADIUS / Math.cos(farLatitude * RADIANS) / RADIANS;
  return {
    west: longitude - eastward,
    south: latitude - northward,
    east: longitude + eastward,
    north: latitude + northward,
  };
}

/** Steps of cells of which nine cover a circle of so many metres, mostly. */
function stepsFor(radius: number, latitude: number): number {
  if (radius === 0) return POSITION_STEPS;
  let steps = -1;
  for (let width = radius; width < MAP_HALF_WIDTH; width *= 2) steps++;
  const distance = Math.abs(latitude);
  if (distance > NARROW_LATITUDE) steps--;
  if (distance > VERY_NARROW_LATITUDE) steps--;
  return Math.min(POSITION_STEPS, Math.max(1, steps));
}

/** Moves to the neighbours of a cell, in the order in which they are searched, and so their members found. */
const MOVES: readonly { readonly east: number; readonly north: number }[] = [
  { east: 0, north: 0 },
  { east: 0, north: 1 },
  { east: 0, north: -1 },
  { east: 1, north: 0 },
  { east: -1, north: 0 },
  { east: 1, north: 1 },
  { east: -1, north: 1 },
  { east: 1, north: -1 },
  { east: -1, north: -1 },
];

/** Whether the nine cells around `cell` end before `extent` does. */
function fallsShort(cell: Cell, extent: Extent): boolean {
  return (
    boundsOf(neighbour(cell, 0, 1)).north < extent.north ||
    boundsOf(neighbour(cell, 0, -1)).south > extent.south ||
    boundsOf(neighbour(cell, 1, 0)).east < extent.east ||
    boundsOf(neighbour(cell, -1, 0)).west > extent.west
  );
}

/** The cells in which everything in the area lies, in the order in which they are searched: at most nine. */
export function cellsOf(area: Area): Cell[] {
  const { centre } = area;
  const extent = extentOf(area);
  const radius = area.kind === 'circle' ? area.radius : Math.sqrt((area.width / 2) ** 2 + (area.height / 2) ** 2);
  let steps = stepsFor(radius, centre.latitude);
  if (steps > 1 && fallsShort(cellAt(centre, steps), extent)) steps--;
  const cell = cellAt(centre, steps);
  const bounds = boundsOf(cell);
  const isNeeded = ({ east, north }: { east: number; north: number }) =>
    steps < 2 ||
    !(
      (north < 0 && bounds.south < extent.south) ||
      (north > 0 && bounds.north > extent.north) ||
      (east < 0 && bounds.west < extent.west) ||
      (east > 0 && bounds.east > extent.east)
    );
  const cells: Cell[] = [];
  for (const move of MOVES) {
    if (!isNeeded(move)) continue;
    const next = neighbour(cell, move.east, move.north);
    // In a coarse grid neighbours on opposite sides are the same cell.
    const last = cells.at(-1);
    const isSame = last?.latitudeIndex === next.latitudeIndex && last.longitudeIndex === next.longitudeIndex;
    if (!isSame) cells.push(next);
  }
  return cells;
}
