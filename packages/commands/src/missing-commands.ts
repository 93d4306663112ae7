/**
 * Commands that Redis 7.0 has and this server has not.
 *
 * A configuration that comes from a Redis may rename or remove them (`rename-command REPLICAOF ""`), as it may any other: they
 * are closed here anyway, and their names stay taken.
 *
 * Source: COMMAND LIST of redis-server 7.0.15, which `test/rename.test.ts` compares.
 */
export const COMMANDS_ELSEWHERE: readonly string[] = [
  ...[
    'acl',
    'asking',
    'cluster',
    'eval',
    'eval_ro',
    'evalsha',
    'evalsha_ro',
    'failover',
    'fcall',
    'fcall_ro',
    'function',
  ],
  ...['lolwut', 'migrate', 'module', 'monitor', 'psubscribe', 'psync', 'publish', 'pubsub', 'punsubscribe', 'readonly'],
  ...['readwrite', 'replconf', 'replicaof', 'restore-asking', 'role', 'script', 'slaveof', 'spublish', 'ssubscribe'],
  ...['subscribe', 'sunsubscribe', 'sync', 'unsubscribe', 'wait'],
];
