/** Options about the compact forms in which small collections are kept. */

import { INT_MIN, LONG_MAX } from '../integers.ts';
import { boolean, integer, memory } from '../kinds.ts';
import { option } from '../option.ts';

export const encoding = {
  'hash-max-listpack-entries': option(
    integer(0, LONG_MAX),
    512,
    `A hash with at most so many fields, none longer than hash-max-listpack-value, is kept in one packed piece: far
    smaller, and still fast while it is short.`,
    { aliases: ['hash-max-ziplist-entries'], unit: 'entries' },
  ),
  'hash-max-listpack-value': option(memory(), 64, `Longest field or value of a packed hash.`, {
    aliases: ['hash-max-ziplist-value'],
    unit: 'bytes',
  }),
  'list-max-listpack-size': option(
    integer(INT_MIN),
    -2,
    `Size of the packed pieces that make up a list: a positive number counts elements; -1 to -5 mean 4, 8, 16, 32 or 64
    kilobytes.`,
    { aliases: ['list-max-ziplist-size'] },
  ),
  'set-max-intset-entries': option(
    integer(0, LONG_MAX),
    512,
    `A set of at most so many members that are all integers is kept as a sorted array of them.`,
    { unit: 'entries' },
  ),
  'set-max-listpack-entries': option(
    integer(0, LONG_MAX),
    128,
    `A set with at most so many members, none longer than set-max-listpack-value, is kept in one packed piece.`,
    { unit: 'entries', origin: 'redis-7.2' },
  ),
  'set-max-listpack-value': option(integer(0, LONG_MAX), 64, `Longest member of a packed set.`, {
    unit: 'bytes',
    origin: 'redis-7.2',
  }),
  'zset-max-listpack-entries': option(
    integer(0, LONG_MAX),
    128,
    `A sorted set with at most so many members, none longer than zset-max-listpack-value, is kept in one packed piece.`,
    { aliases: ['zset-max-ziplist-entries'], unit: 'entries' },
  ),
  'zset-max-listpack-value': option(memory(), 64, `Longest member of a packed sorted set.`, {
    aliases: ['zset-max-ziplist-value'],
    unit: 'bytes',
  }),
  'hll-sparse-max-bytes': option(
    memory(),
    3000,
    `A HyperLogLog is kept in its sparse form up to this size, then in the dense one of 12 kilobytes.`,
    { unit: 'bytes' },
  ),
  'stream-node-max-bytes': option(memory(), 4096, `Largest packed piece of a stream. 0 means no limit by size.`, {
    unit: 'bytes',
  }),
  'stream-node-max-entries': option(
    integer(0, LONG_MAX),
    100,
    `Most entries in a packed piece of a stream. 0 means no limit by number.`,
    { unit: 'entries' },
  ),
  'list-compress-depth': option(
    integer(),
    0,
    `How many pieces at each end of a list stay uncompressed; 0 compresses none.`,
    {
      accepted: true,
    },
  ),
  activerehashing: option(boolean(), true, `Spend idle time on resizing hash tables, which here never needs it.`, {
    accepted: true,
  }),
};
