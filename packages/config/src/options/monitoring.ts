/** Options about watching the server: slow commands, latency, key events. */

import { LONG_MAX } from '../integers.ts';
import { boolean, integer } from '../kinds.ts';
import { option } from '../option.ts';
import { eventClasses, percentiles } from '../special-kinds.ts';

export const monitoring = {
  'slowlog-log-slower-than': option(
    integer(-1, LONG_MAX),
    10000,
    `Commands that take longer than so many microseconds are kept for SLOWLOG GET. 0 keeps every command, -1 none.`,
    { unit: 'microseconds' },
  ),
  'slowlog-max-len': option(integer(0, LONG_MAX), 128, `How many slow commands are kept; older ones are forgotten.`, {
    unit: 'entries',
  }),
  'latency-monitor-threshold': option(
    integer(0, LONG_MAX),
    0,
    `Events that take at least so many milliseconds are kept for the LATENCY command. 0 turns that off.`,
    { unit: 'milliseconds' },
  ),
  'notify-keyspace-events': option(
    eventClasses(),
    0,
    `Tell subscribers what happens to keys. K publishes on a channel for each key and E on one for each event; at least
    one of both is needed. The other letters choose the events: g commands of no type (DEL, EXPIRE, RENAME), $ strings, l
    lists, s sets, h hashes, z sorted sets, t streams, d modules, x expired keys, e evicted keys, m reads of missing keys,
    n new keys. A stands for g$lshzxetd. Empty turns notifications off.`,
    { accepted: true },
  ),
  'latency-tracking': option(boolean(), true, `Keep a histogram of each command's duration.`),
  'latency-tracking-info-percentiles': option(
    percentiles('latency-tracking-info-percentiles'),
    [50, 99, 99.9],
    `Percentiles of the histograms that INFO shows.`,
  ),
  'busy-reply-threshold': option(
    integer(0, LONG_MAX),
    5000,
    `Milliseconds after which a running script lets others hear -BUSY.`,
    { accepted: true, aliases: ['lua-time-limit'], unit: 'milliseconds' },
  ),
  'tracking-table-max-keys': option(
    integer(0, LONG_MAX),
    1000000,
    `Most keys that are remembered for client side caches.`,
    { accepted: true, unit: 'entries' },
  ),
};
