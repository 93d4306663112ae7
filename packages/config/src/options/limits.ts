/** Options about memory limits, eviction and limits for clients. */

import { LONG_MAX, UINT_MAX, ULONG_MAX } from '../integers.ts';
import { boolean, integer, memory, memoryOrPercent, oneOf } from '../kinds.ts';
import { option } from '../option.ts';
import { bufferLimits } from '../special-kinds.ts';

const MIB = 1024 * 1024;

export const limits = {
  maxmemory: option(
    memory(0n, ULONG_MAX),
    0,
    `Limit for the memory that data takes up. Above it, commands that would need more memory make room first as
    maxmemory-policy says, or fail. 0 means no limit.`,
    { accepted: true, unit: 'bytes' },
  ),
  'maxmemory-policy': option(
    oneOf([
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ]),
    'noeviction',
    `Which keys give way at the memory limit. noeviction removes none and refuses writes. allkeys chooses among all keys,
    volatile among those with a time to live: the least recently used (lru), the least frequently used (lfu), any
    (random), or those that would expire soonest (ttl).`,
    { accepted: true },
  ),
  'maxmemory-samples': option(
    integer(1),
    5,
    `How many keys are compared to find one to evict. More chooses better and takes longer.`,
    { accepted: true, unit: 'entries' },
  ),
  'maxmemory-eviction-tenacity': option(
    integer(0, 100),
    10,
    `How long commands may be held up by evictions, from 0 (briefly) to 100 (until the limit is kept).`,
    { accepted: true },
  ),
  'lfu-log-factor': option(
    integer(),
    10,
    `For the lfu policies: how many more uses it takes to reach the next step of a key's counter.`,
    { accepted: true },
  ),
  'lfu-decay-time': option(
    integer(),
    1,
    `For the lfu policies: minutes without use after which a key's counter goes down by one. 0 never lowers it.`,
    { accepted: true, unit: 'minutes' },
  ),
  maxclients: option(
    integer(1, UINT_MAX),
    10000,
    `Most clients at a time. Further ones hear an error and are disconnected.`,
    { unit: 'entries' },
  ),
  'maxmemory-clients': option(
    memoryOrPercent(),
    { unit: 'bytes', amount: 0 },
    `Limit for the memory of all clients' buffers together, in bytes or in percent of maxmemory. Above it the largest
    clients are disconnected. 0 means no limit.`,
    { accepted: true, unit: 'bytes' },
  ),
  'client-query-buffer-limit': option(
    memory(MIB, LONG_MAX),
    1024 * MIB,
    `Most bytes of a single client's requests that are kept while they are incomplete. A client above it is
    disconnected.`,
    { unit: 'bytes' },
  ),
  'client-output-buffer-limit': option(
    bufferLimits(),
    {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      replica: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 },
      pubsub: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
    },
    `When a client that doesn't read its replies is disconnected: as soon as the hard limit is waiting for it, or when
    the soft limit has been waiting for so many seconds. There is one line for each class of clients: normal, replica and
    pubsub. 0 means no limit.`,
  ),
  'proto-max-bulk-len': option(
    memory(MIB, LONG_MAX),
    512 * MIB,
    `Longest single argument of a request, and with it the longest string value.`,
    { unit: 'bytes' },
  ),
  'replica-ignore-maxmemory': option(boolean(), true, `Let the master alone decide about evictions.`, {
    accepted: true,
    aliases: ['slave-ignore-maxmemory'],
  }),
};
