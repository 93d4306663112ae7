/** Differential tests of transactions: MULTI, EXEC, DISCARD, WATCH and UNWATCH on several connections. */
import { differential, differentialGenerated } from './differential.ts';
import { integer, key, literal, oneOf, repeated, value } from './generator.ts';

differential('MULTI, EXEC and DISCARD', {
  'queue and run': `
    MULTI
    SET a 1
    INCR a
    GET a
    GET missing
    EXEC
    EXEC
    DISCARD
    MULTI
    MULTI
    SET b 1
    DISCARD
    GET b
    MULTI
    EXEC
    MULTI
    PING
    ECHO hi
    EXEC
    MULTI x
    DISCARD x`,
  'errors while queueing abort, errors while running do not': `
    SET s abc
    MULTI
    SET a 1
    NOSUCH
    SET b 2
    EXEC
    MULTI
    GET
    EXEC
    MULTI
    SET a 1
    INCR s
    SET b 2
    EXEC
    MULTI
    MULTI
    EXEC
    MULTI
    WATCH a
    EXEC
    MULTI
    NOSUCH
    DISCARD
    MGET a b`,
  'records of effects only': `
    MULTI
    GET a
    DEL a
    EXEC
    MULTI
    SET a 1
    EXEC
    MULTI
    SET a 1 EX 100
    EXPIRE a 50
    DEL missing
    PERSIST a
    EXEC
    MULTI
    SELECT 3
    SET a 1
    SELECT 0
    SET a 2
    EXEC
    SELECT 2
    MULTI
    SELECT 4
    EXEC
    SET x 1
    MULTI
    INCR n
    INCR n
    DISCARD`,
});

differential('WATCH', {
  'a change by another breaks the transaction': `
    SET a 1
    WATCH a
    1> SET a 2
    MULTI
    SET a 3
    EXEC
    GET a
    MULTI
    SET a 3
    EXEC
    WATCH a b
    GET a
    MULTI
    SET b 1
    EXEC`,
  'a change of its own too': `
    WATCH a
    SET a 1
    MULTI
    GET a
    EXEC`,
  'no change': `
    SET a 1
    WATCH a missing
    1> GET a
    1> DEL missing
    1> EXPIRE missing 100
    1> SET b 1
    1> SETNX a 2
    MULTI
    GET a
    EXEC`,
  'UNWATCH, DISCARD and EXEC forget': `
    WATCH a
    1> SET a 1
    UNWATCH
    MULTI
    GET a
    EXEC
    WATCH a
    1> SET a 2
    MULTI
    DISCARD
    MULTI
    GET a
    EXEC
    WATCH a
    MULTI
    EXEC
    1> SET a 3
    MULTI
    GET a
    EXEC
    MULTI
    UNWATCH
    EXEC`,
  'each kind of change': `
    MSET a 1 b 1 c 1 d 1 e 1 f 1
    WATCH a
    1> EXPIRE a 100
    MULTI
    EXEC
    WATCH a
    1> PERSIST a
    MULTI
    EXEC
    WATCH b
    1> RENAME a b
    MULTI
    EXEC
    WATCH c
    1> MOVE c 1
    MULTI
    EXEC
    WATCH z
    1> COPY d z
    MULTI
    EXEC
    WATCH d
    1> COPY d y
    MULTI
    EXEC
    WATCH d
    1> APPEND d x
    MULTI
    EXEC
    WATCH d
    1> SETRANGE d 0 ""
    MULTI
    EXEC
    WATCH e
    1> UNLINK e
    MULTI
    EXEC
    WATCH f
    1> GETEX f
    MULTI
    EXEC
    WATCH f
    1> GETEX f EX 100
    MULTI
    EXEC
    WATCH f
    1> SET f 1 KEEPTTL
    MULTI
    EXEC`,
  'flushes and swaps': `
    SET a 1
    WATCH a
    1> FLUSHALL
    MULTI
    EXEC
    WATCH a
    1> FLUSHALL
    MULTI
    EXEC
    SET a 1
    WATCH a
    1> SELECT 1
    1> FLUSHDB
    MULTI
    EXEC
    WATCH a
    1> SWAPDB 0 1
    MULTI
    EXEC
    WATCH missing
    1> SWAPDB 0 1
    MULTI
    EXEC
    1> SELECT 1
    1> SET only1 1
    WATCH only1
    1> SWAPDB 0 1
    MULTI
    EXEC
    WATCH a
    1> SWAPDB 2 3
    MULTI
    EXEC`,
  'other databases': `
    SET a 1
    WATCH a
    1> SELECT 1
    1> SET a 2
    MULTI
    EXEC
    SELECT 1
    WATCH a
    SELECT 0
    1> SET a 3
    MULTI
    EXEC`,
  expiry: `
    SET a 1 PX 20
    SET b 1 PX 20
    SET c 1 PX 20
    sleep 40
    WATCH a
    MULTI
    GET a
    EXEC
    WATCH b
    1> GET b
    MULTI
    EXEC
    WATCH c
    1> SET c 2
    MULTI
    EXEC
    SET d 1 PX 20
    WATCH d
    sleep 40
    MULTI
    EXEC
    SET e 1 PX 20
    WATCH e
    sleep 40
    1> GET e
    MULTI
    EXEC`,
  'several clients': `
    SET a 1
    WATCH a
    1> WATCH a b
    2> WATCH b
    MULTI
    INCR a
    EXEC
    1> MULTI
    1> INCR a
    1> EXEC
    2> MULTI
    2> INCR b
    2> EXEC
    GET a
    GET b`,
  'with RESET': `
    WATCH a
    MULTI
    SET a 1
    RESET
    EXEC
    SET a 2
    MULTI
    GET a
    EXEC`,
});

const any = oneOf(key('s', 3), key('t', 1));

differentialGenerated('transactions of several clients', {
  scripts: 40,
  steps: 60,
  connections: 3,
  damaged: 0,
  expiring: any,
  grammar: {
    multi: [],
    exec: [],
    discard: [],
    watch: [repeated(any, 1, 2)],
    unwatch: [],
    set: [any, value],
    get: [any],
    incr: [any],
    append: [any, value],
    del: [any],
    expire: [any, literal('1000', '-1')],
    persist: [any],
    rename: [any, any],
    select: [integer(0, 1)],
    move: [any, integer(0, 1)],
    swapdb: [integer(0, 1), integer(0, 1)],
    flushdb: [],
    flushall: [],
    getdel: [any],
    sadd: [key('t', 1), value],
  },
});
