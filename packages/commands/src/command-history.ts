/**
 * What changed in a command since it came, and with which version of Redis: COMMAND DOCS's `history`. The versions are
 * Redis's own, which a test compares; the words are ours.
 */

/** A version, and a sentence about it. */
export type HistoryEntry = readonly [version: string, change: string];

const DECIMAL_TIMEOUT: HistoryEntry = ['6.0.0', 'The timeout may have decimals.'];
const CONDITIONAL_EXPIRY: HistoryEntry = ['7.0.0', 'Takes the conditions `NX`, `XX`, `GT` and `LT`.'];
const MANY_ELEMENTS: HistoryEntry = ['2.4.0', 'Takes several elements.'];
const MANY_ELEMENTS_LATE: HistoryEntry = ['4.0.0', 'Takes several elements.'];
const MANY_MEMBERS: HistoryEntry = ['2.4.0', 'Takes several members.'];
const FLUSH_ASYNC: HistoryEntry = ['4.0.0', 'Takes `ASYNC`.'];
const FLUSH_SYNC: HistoryEntry = ['6.2.0', 'Takes `SYNC`.'];
const NO_KEY_REPLY: HistoryEntry = ['2.8.0', 'Answers -2 if there is no such key.'];
const UNIT_CASE: HistoryEntry = ['7.0.0', 'The unit may be in upper case.'];
const ANY_MATCH: HistoryEntry = ['6.2.0', '`COUNT` takes `ANY`.'];
const OPEN_RANGES: HistoryEntry = ['6.2.0', 'A range may leave its ends out.'];
const BIT_UNITS: HistoryEntry = ['7.0.0', 'Takes `BYTE` and `BIT`.'];
const POP_COUNT: HistoryEntry = ['6.2.0', 'Takes a count.'];

/** By full name, oldest first. */
export const HISTORY: Readonly<Record<string, readonly HistoryEntry[]>> = {
  auth: [['6.0.0', 'Takes a user name before the password.']],
  bgsave: [['3.2.2', 'Takes `SCHEDULE`.']],
  bitcount: [BIT_UNITS],
  bitpos: [BIT_UNITS],
  blpop: [DECIMAL_TIMEOUT],
  brpop: [DECIMAL_TIMEOUT],
  brpoplpush: [DECIMAL_TIMEOUT],
  bzpopmax: [DECIMAL_TIMEOUT],
  bzpopmin: [DECIMAL_TIMEOUT],
  'client|kill': [
    ['2.8.12', 'Takes filters, each a name and a value.'],
    ['2.8.12', 'Filters by `ID`.'],
    ['3.2.0', '`TYPE` knows `master`.'],
    ['5.0.0', '`TYPE` calls a replica `replica`; `slave` is still understood.'],
    ['6.2.0', 'Filters by `LADDR`.'],
  ],
  'client|list': [
    ['2.8.12', 'Shows `id`.'],
    ['5.0.0', 'Filters by `TYPE`.'],
    ['6.0.0', 'Shows `user`.'],
    ['6.2.0', 'Shows `argv-mem`, `tot-mem`, `laddr` and `redir`; filters by `ID`.'],
    ['7.0.0', 'Shows `resp`, `multi-mem`, `rbs` and `rbp`.'],
    ['7.0.3', 'Shows `ssub`.'],
    ['7.2.0', 'Shows `lib-name` and `lib-ver`.'],
  ],
  'command|info': [['7.0.0', 'Without a name: all commands.']],
  'config|get': [['7.0.0', 'Takes several patterns.']],
  'config|set': [['7.0.0', 'Takes several options, which change together or not at all.']],
  exists: [['3.0.3', 'Takes several keys.']],
  expire: [CONDITIONAL_EXPIRY],
  expireat: [CONDITIONAL_EXPIRY],
  flushall: [FLUSH_ASYNC, FLUSH_SYNC],
  flushdb: [FLUSH_ASYNC, FLUSH_SYNC],
  geoadd: [['6.2.0', 'Takes `NX`, `XX` and `CH`.']],
  georadius: [ANY_MATCH, UNIT_CASE],
  georadius_ro: [ANY_MATCH],
  georadiusbymember: [UNIT_CASE],
  geosearch: [UNIT_CASE],
  geosearchstore: [UNIT_CASE],
  hdel: [['2.4.0', 'Takes several fields.']],
  hello: [['6.2.0', 'Without a version: tells about the connection and changes nothing.']],
  hset: [['4.0.0', 'Takes several fields with their values.']],
  info: [['7.0.0', 'Takes several sections.']],
  lpop: [POP_COUNT],
  lpush: [MANY_ELEMENTS],
  lpushx: [MANY_ELEMENTS_LATE],
  pexpire: [CONDITIONAL_EXPIRY],
  pexpireat: [CONDITIONAL_EXPIRY],
  pttl: [NO_KEY_REPLY],
  renamenx: [['3.2.0', 'A key may be renamed to its own name.']],
  restore: [
    ['3.0.0', 'Takes `REPLACE`.'],
    ['5.0.0', 'Takes `ABSTTL`.'],
    ['5.0.0', 'Takes `IDLETIME` and `FREQ`.'],
  ],
  rpop: [POP_COUNT],
  rpush: [MANY_ELEMENTS],
  rpushx: [MANY_ELEMENTS_LATE],
  sadd: [MANY_MEMBERS],
  scan: [['6.0.0', 'Filters by `TYPE`.']],
  set: [
    ['2.6.12', 'Takes `EX`, `PX`, `NX` and `XX`.'],
    ['6.0.0', 'Takes `KEEPTTL`.'],
    ['6.2.0', 'Takes `GET`, `EXAT` and `PXAT`.'],
    ['7.0.0', '`GET` goes together with `NX`.'],
  ],
  shutdown: [['7.0.0', 'Takes `NOW`, `FORCE` and `ABORT`.']],
  'slowlog|get': [['4.0.0', "Tells the client's address and name."]],
  spop: [['3.2.0', 'Takes a count.']],
  srandmember: [['2.6.0', 'Takes a count.']],
  srem: [MANY_MEMBERS],
  ttl: [NO_KEY_REPLY],
  xadd: [
    ['6.2.0', 'Takes `NOMKSTREAM`, and trims by `MINID` and up to a `LIMIT`.'],
    ['7.0.0', 'An ID may be `ms-*`: a given time, the next sequence number.'],
  ],
  xautoclaim: [['7.0.0', 'Answers the entries, too, that have been deleted and are no longer pending.']],
  'xgroup|create': [['7.0.0', 'Takes `ENTRIESREAD`.']],
  'xgroup|setid': [['7.0.0', 'Takes `ENTRIESREAD`.']],
  'xinfo|consumers': [['7.2.0', 'Shows `inactive`: how long ago entries were last delivered.']],
  'xinfo|groups': [['7.0.0', 'Shows `entries-read` and `lag`.']],
  'xinfo|stream': [
    ['6.0.0', 'Takes `FULL`.'],
    [
      '7.0.0',
      'Shows `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, and of groups `entries-read` and `lag`.',
    ],
    ['7.2.0', 'Tells `active-time` and `seen-time` of consumers apart.'],
  ],
  xpending: [['6.2.0', 'Takes `IDLE`; a range may leave its ends out.']],
  xrange: [OPEN_RANGES],
  xrevrange: [OPEN_RANGES],
  xsetid: [['7.0.0', 'Takes `ENTRIESADDED` and `MAXDELETEDID`.']],
  xtrim: [['6.2.0', 'Trims by `MINID`, and up to a `LIMIT`.']],
  zadd: [
    ['2.4.0', 'Takes several members.'],
    ['3.0.2', 'Takes `XX`, `NX`, `CH` and `INCR`.'],
    ['6.2.0', 'Takes `GT` and `LT`.'],
  ],
  zrange: [['6.2.0', 'Takes `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.']],
  zrangebyscore: [['2.0.0', 'Takes `WITHSCORES`.']],
  zrank: [['7.2.0', 'Takes `WITHSCORE`.']],
  zrem: [MANY_MEMBERS],
  zrevrangebyscore: [['2.1.6', 'A range may leave its ends out.']],
  zrevrank: [['7.2.0', 'Takes `WITHSCORE`.']],
};
