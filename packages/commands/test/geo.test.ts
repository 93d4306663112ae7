/** Differential, property and unit tests of the geo commands. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFixed, formatHuman } from '../src/fixed-decimal.ts';
import { distanceBetween } from '../src/geo-area.ts';
import { cellAt, hashOf, positionOf } from '../src/geohash.ts';
import { arcSine, cosine, sine } from '../src/trigonometry.ts';
import { differential, differentialGenerated } from './differential.ts';
import {
  type Grammar,
  integer,
  key,
  literal,
  OTHER_TYPES,
  oneOf,
  optional,
  type Part,
  Random,
  repeated,
  sequence,
  word,
} from './generator.ts';
import { LocalServer } from './local-server.ts';
import { textsOf } from './reply-tree.ts';

differential('GEOADD, GEODIST, GEOHASH and GEOPOS', {
  'members all over the globe': `
    GEOADD z 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
    GEOADD z 13.361389 38.115556 Palermo
    GEOADD z CH 13.5 38.1 Palermo 0 0 zero
    GEOADD z NX 1 1 Palermo 2 2 new
    GEOADD z XX CH 1 1 Palermo 3 3 other
    GEOADD z nx ch -180 -85.05112878 southwest 180 85.05112878 northeast 180 -85.05112878 se -180 85.05112878 nw
    GEOADD z 1e-10 -1e-10 tiny 0.0078125 -0.0078125 half
    ZRANGE z 0 -1 WITHSCORES
    GEOPOS z Palermo Catania zero southwest northeast se nw tiny half missing
    GEOHASH z Palermo Catania zero southwest northeast se nw tiny half missing
    GEODIST z Palermo Catania
    GEODIST z Palermo Catania km
    GEODIST z Palermo Catania MI
    GEODIST z Palermo Catania ft
    GEODIST z Palermo Palermo
    GEODIST z southwest northeast m
    GEODIST z zero zero km
    GEODIST z Palermo missing
    GEODIST z missing missing2 km
    GEOPOS z
    GEOHASH z
    OBJECT ENCODING z
    ZSCORE z Palermo`,
  'scores that are no positions': `
    ZADD z 1 one 1.5 one-and-a-half -1 minus 1e300 huge -inf low inf high 9007199254740993 big 1e19 above 1.8446744073709552e19 top
    GEOPOS z one one-and-a-half minus huge low high big above top
    GEOHASH z one one-and-a-half minus huge low high big above top
    GEODIST z one minus
    GEODIST z low high
    GEORADIUS z 0 0 30000 km WITHDIST WITHHASH
    GEORADIUSBYMEMBER z minus 100 km WITHHASH
    GEORADIUSBYMEMBER z huge 100 km WITHCOORD`,
  'what is logged': `
    GEOADD z 13.361389 38.115556 a
    GEOADD z 13.361389 38.115556 a
    GEOADD z nx Ch 13.361389 38.115556 a 1 2 b
    GEOADD z XX 1 2 c
    MULTI
    GEOADD z 1 3 c
    GEOADD z 1 4 c 2 4 d
    EXEC`,
  errors: `
    GEOADD z 1 2
    GEOADD z 1 2 a 3
    GEOADD z 1 2 a 3 4
    GEOADD z NX XX 1 2 a
    GEOADD z NX CH XX
    GEOADD z NX CH CH
    GEOADD z 181 0 a
    GEOADD z 0 85.06 a
    GEOADD z 0 -86 a
    GEOADD z 1e25 123456.0078125 a
    GEOADD z inf -inf a
    GEOADD z x 0 a
    GEOADD z 0 x a
    GEOADD z nan 0 a
    GEOADD z 0 0 a 200 0 b
    EXISTS z
    GEOADD z INCR 0 0 a
    GEOADD z GT 0 0 a
    RPUSH l a
    GEOADD l 0 0 a
    GEOADD l 200 0 a
    GEODIST l a b
    GEODIST l a b xx
    GEODIST z a b xx
    GEODIST z a b m x
    GEODIST z a
    GEOHASH l a
    GEOPOS l a
    GEODIST missing a b
    GEOPOS missing a b
    GEOHASH missing a b
    GEOPOS
    GEOHASH`,
});

const SICILY = `
    GEOADD z 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2`;

differential('GEOSEARCH and GEORADIUS', {
  'circles and boxes': `${SICILY}
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 200 km ASC
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHDIST
    GEOSEARCH z FROMMEMBER Palermo BYRADIUS 200 mi
    GEOSEARCH z FROMMEMBER Palermo BYRADIUS 0 m WITHDIST
    GEOSEARCH z frommember Palermo byradius 200 MI withdist count 2
    GEOSEARCH z FROMMEMBER Palermo BYRADIUS 500 km COUNT 2 ANY WITHDIST
    GEOSEARCH z FROMMEMBER Palermo BYRADIUS 500 km COUNT 2 ANY DESC
    GEOSEARCH z FROMMEMBER Palermo BYRADIUS 500 km COUNT 20 DESC
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 30000 km WITHDIST
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS inf km
    GEOSEARCH z FROMLONLAT 15 37 BYBOX inf 100 km
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 0 0 km
    GEOSEARCH z FROMLONLAT -170 -37 BYRADIUS 100 km
    GEORADIUS z 15 37 200 km
    GEORADIUS z 15 37 200 km WITHDIST WITHCOORD ASC
    GEORADIUS z 15 37 200 km WITHHASH DESC COUNT 1
    GEORADIUS_RO z 15 37 200 km WITHHASH DESC COUNT 1
    GEORADIUSBYMEMBER z Palermo 200 km WITHDIST
    GEORADIUSBYMEMBER_RO z Catania 200 km ASC`,
  storing: `${SICILY}
    GEOSEARCHSTORE d z FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 3
    ZRANGE d 0 -1 WITHSCORES
    OBJECT ENCODING d
    GEOSEARCHSTORE d z FROMMEMBER Palermo BYRADIUS 1 km
    GEOSEARCHSTORE d z FROMLONLAT 0 0 BYRADIUS 1 m
    EXISTS d
    GEOSEARCHSTORE d z FROMLONLAT 0 0 BYRADIUS 1 m
    GEOSEARCHSTORE d missing FROMLONLAT 0 0 BYRADIUS 1 m
    GEORADIUS z 15 37 200 km STORE d
    GEORADIUS missing 15 37 200 km STORE d
    GEORADIUS missing 15 37 200 km STORE d
    GEORADIUSBYMEMBER z Palermo 200 km STORE d
    GEORADIUSBYMEMBER z Palermo 2000 mi STOREDIST d
    GEORADIUS z 15 37 200 km DESC STOREDIST d
    GEOSEARCHSTORE e z FROMLONLAT 15 37 BYRADIUS 200 ft STOREDIST
    GEOSEARCHSTORE e z FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST
    ZRANGE e 0 -1 WITHSCORES
    GEORADIUSBYMEMBER z Palermo 200 km STORE e STORE d COUNT 1
    GEORADIUSBYMEMBER missing Palermo 200 km STORE d
    EXPIRE z 1000
    GEORADIUS z 15 37 200 km STORE z
    TTL z
    SET s x
    GEORADIUS z 15 37 200 km STORE s
    TYPE s
    COMMAND GETKEYS GEORADIUS z 15 37 200 km STORE s
    COMMAND GETKEYS GEORADIUSBYMEMBER z 15 200 km STOREDIST s
    COMMAND GETKEYS GEOSEARCHSTORE d z FROMLONLAT 15 37 BYBOX 400 400 km`,
  errors: `${SICILY}
    GEOSEARCH z BYRADIUS 200 km ASC COUNT 3
    GEOSEARCH z FROMLONLAT 15 37 ASC COUNT 3
    GeoSearch z ASC ASC ASC ASC ASC
    GEOSEARCH z FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 m
    GEOSEARCH z FROMMEMBER Palermo FROMLONLAT 15 37 BYRADIUS 1 m
    GEOSEARCH z FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 m
    GEOSEARCH z FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m
    GEOSEARCH z FROMLONLAT 1 1 BYBOX 1 1 m BYRADIUS 1 m
    GEOSEARCH z FROMLONLAT 1 1 BYRADIUS 1 m BYRADIUS 30000 km
    GEOSEARCH z FROMLONLAT 1 BYRADIUS 200 km ASC
    GEOSEARCH z FROMLONLAT 200 1 BYRADIUS 200 km
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS x km
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS -1 km
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS -1 xx
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 xx
    GEOSEARCH z FROMLONLAT 15 37 BYBOX x 1 km
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 1 x km
    GEOSEARCH z FROMLONLAT 15 37 BYBOX -1 1 km
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 1 1 xx
    GEOSEARCH z FROMLONLAT 15 37 BYBOX 1 1
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km COUNT -1
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km COUNT x
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km COUNT
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km ANY
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km STORE d
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST
    GEOSEARCH z FROMLONLAT 15 37 BYRADIUS 1 km FOO
    GEOSEARCH z FROMMEMBER missing BYRADIUS 1 km
    GEOSEARCH missing FROMMEMBER missing BYRADIUS 1 km
    GEOSEARCH missing FROMMEMBER missing BYRADIUS x km
    GEOSEARCH missing FROMMEMBER missing BYRADIUS 1 km FOO
    GEOSEARCHSTORE d z FROMLONLAT 15 37 BYRADIUS 1 km WITHDIST
    GEOSEARCHSTORE d z FROMLONLAT 15 37 BYRADIUS 1 km WITHHASH
    GEOSEARCHSTORE d z FROMLONLAT 15 37 COUNT 1 ASC ASC
    GEOSEARCHSTORE d z FROMLONLAT 15 37 BYRADIUS 1 km STORE x
    GEORADIUS z 15 37 x km
    GEORADIUS z 15 37 -1 km
    GEORADIUS z 15 37 1 xx
    GEORADIUS z 15 x 1 km
    GEORADIUS z 200 37 1 km
    GEORADIUS z 15 37 1 km WITHDIST STORE d
    GEORADIUS z 15 37 1 km STORE
    GEORADIUS z 15 37 1 km FROMLONLAT 1 1
    GEORADIUS z 15 37 1 km COUNT 0
    GEORADIUS z 15 37 1 km ANY
    GEORADIUS missing 15 37 x km
    GEORADIUS missing 15 37 1 km
    GEORADIUS_RO z 15 37 1 km STORE d
    GEORADIUSBYMEMBER z missing 1 km
    GEORADIUSBYMEMBER z Palermo x km
    GEORADIUSBYMEMBER missing Palermo x xx
    GEORADIUSBYMEMBER missing Palermo x xx FOO
    GEORADIUSBYMEMBER missing Palermo x xx WITHDIST STORE d
    GEORADIUSBYMEMBER_RO z Palermo 1 km STOREDIST d
    RPUSH l a
    GEOSEARCH l FROMLONLAT x x x x
    GEOSEARCHSTORE l z FROMLONLAT 15 37 BYRADIUS 1000 km
    GEOSEARCHSTORE d d2 FROMLONLAT x x x x
    RPUSH l2 a
    GEORADIUS l2 x x x x
    GEORADIUSBYMEMBER l2 x x x`,
});

/** A coordinate: anywhere, in a small area, or at an end. */
function coordinate(max: number): Part {
  return (random) => {
    const kind = random.integer(0, 9);
    if (kind < 4) return [((random.next() * 2 - 1) * max).toFixed(random.integer(0, 12))];
    if (kind < 9) return [(10 + random.next()).toFixed(random.integer(0, 6))];
    return [random.pick([String(max), String(-max), '0', '-0', '1e-9'])];
  };
}

/** Never the same twice: in which order members of the same distance are found is left open. */
const latitude: Part = (random) => [
  (random.chance(0.5) ? 10 + random.next() : (random.next() * 2 - 1) * 85).toFixed(random.integer(8, 12)),
];

const sortedSet = key('z');
const longitude = coordinate(180);
const member = oneOf(integer(1, 60), literal('a', '\xff\x00'));
const unit = word('m', 'km', 'ft', 'mi');
const length: Part = (random) => [String(Number((10 ** random.integer(-2, 5) * random.next()).toPrecision(3)))];
const radius = sequence(length, unit);
const choices = repeated(
  oneOf(word('ASC', 'DESC'), sequence(word('COUNT'), integer(1, 20), optional(word('ANY'), 0.3))),
  0,
  2,
);
const extras = repeated(word('WITHDIST', 'WITHHASH', 'WITHCOORD'), 0, 3);
const place = sequence(
  oneOf(sequence(word('FROMLONLAT'), longitude, latitude), sequence(word('FROMMEMBER'), member)),
  oneOf(sequence(word('BYRADIUS'), radius), sequence(word('BYBOX'), length, radius)),
);
const target = optional(sequence(word('STORE'), sortedSet), 0.3);

const grammar: Grammar = {
  geoadd: [sortedSet, optional(word('NX', 'XX', 'CH'), 0.3), repeated(sequence(longitude, latitude, member), 1, 12)],
  zadd: [sortedSet, literal('0', '1.5', '-7', '3479099956230698', '1e16'), member],
  zrem: [sortedSet, member],
  geodist: [sortedSet, member, member, optional(unit)],
  geopos: [sortedSet, repeated(member, 1, 4)],
  geohash: [sortedSet, repeated(member, 1, 4)],
  geosearch: [sortedSet, place, choices, extras],
  geosearchstore: [sortedSet, sortedSet, place, choices],
  georadius: [sortedSet, longitude, latitude, radius, oneOf(extras, target), choices],
  georadius_ro: [sortedSet, longitude, latitude, radius, extras, choices],
  georadiusbymember: [sortedSet, member, radius, choices, oneOf(extras, target)],
  georadiusbymember_ro: [sortedSet, member, radius, choices, extras],
};

/** Many members near each other and all over the globe. */
function crowd(name: string, count: number, seed: number): string[] {
  const random = new Random(seed);
  const args = ['GEOADD', name];
  for (let i = 0; i < count; i++) args.push(...longitude(random), ...latitude(random), String(i));
  return args;
}

differentialGenerated('geo commands', {
  scripts: 40,
  steps: 40,
  transactions: true,
  prelude: [...OTHER_TYPES, crowd('z1', 60, 1), crowd('z2', 400, 2)],
  grammar,
});

describe('positions', () => {
  const positions = fc.record({
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    latitude: fc.double({ min: -85.05112878, max: 85.05112878, noNaN: true }),
  });

  test('come back from their scores, less than a metre away', () => {
    fc.assert(
      fc.property(positions, (position) => {
        const back = positionOf(Number(hashOf(cellAt(position, 26))));
        expect(distanceBetween(position, back)).toBeLessThan(1);
      }),
    );
  });

  test('a search finds what looking at every member finds', () => {
    const local = new LocalServer();
    local.run(0, crowd('z', 500, 3));
    const names = Array.from({ length: 500 }, (_, i) => String(i));
    const all = names.map((name) => [name, positionOf(Number(local.ask(['ZSCORE', 'z', name]).text))] as const);
    fc.assert(
      fc.property(positions, fc.double({ min: 1, max: 4000, noNaN: true }), (centre, kilometres) => {
        // Near the poles Redis, and we with it, searches too few cells.
        fc.pre(Math.abs(centre.latitude) < 60 && Math.abs(centre.longitude) < 120);
        const found = textsOf(
          local.ask(['GEORADIUS', 'z', `${centre.longitude}`, `${centre.latitude}`, `${kilometres}`, 'km']),
        );
        const wanted = all.filter(([, position]) => distanceBetween(centre, position) <= kilometres * 1000);
        expect(found.sort()).toEqual(wanted.map(([name]) => name).sort());
      }),
    );
  });
});

describe('sine, cosine and arc sine', () => {
  // As the C library answers; of the last two Math answers the neighbours.
  test.each([
    [0.5, 0.479425538604203, 0.8775825618903728],
    [-1.2, -0.9320390859672263, 0.3623577544766736],
    [1e-9, 1e-9, 1],
    [2.313, 0.736980856663077, -0.6759136164571308],
    [-2.334, -0.7226252156601907, -0.6912400434668575],
  ])('of %d', (angle, wantedSine, wantedCosine) => {
    expect(sine(angle)).toBe(wantedSine);
    expect(cosine(angle)).toBe(wantedCosine);
  });

  test('are at most one off from those of Math, and arc sine turns sine around', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3.2, max: 3.2, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (angle, ratio) => {
          expect(Math.abs(sine(angle) - Math.sin(angle))).toBeLessThanOrEqual(2.3e-16);
          expect(Math.abs(cosine(angle) - Math.cos(angle))).toBeLessThanOrEqual(2.3e-16);
          expect(Math.abs(arcSine(ratio) - Math.asin(ratio))).toBeLessThanOrEqual(4.5e-16);
        },
      ),
    );
    expect(arcSine(1)).toBe(Math.PI / 2);
    expect(arcSine(1.1)).toBeNaN();
  });
});

describe('numbers with decimals', () => {
  test.each([
    [0.0078125, 6, '0.007812'],
    [0.0234375, 6, '0.023438'],
    [-0.03125, 4, '-0.0312'],
    [1e25, 2, '10000000000000000905969664.00'],
    [166274.15156960033, 4, '166274.1516'],
    [Number.POSITIVE_INFINITY, 4, 'inf'],
    [Number.NEGATIVE_INFINITY, 4, '-inf'],
    [Number.NaN, 4, 'nan'],
    [0, 4, '0.0000'],
  ])('%f with %i is %s', (n, decimals, text) => {
    expect(formatFixed(n, decimals)).toBe(text);
  });

  test('for people have no zeros at the end', () => {
    expect([1.5, 100, 0, -0, 1e-20, -1e-20].map(formatHuman)).toEqual(['1.5', '100', '0', '0', '0', '0']);
  });
});
