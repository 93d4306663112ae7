/**
 * Options about replication. None has an effect: this server has no replicas and is none. A configuration that says whose
 * replica it is does not start (reader.ts).
 */

import { LONG_MAX } from '../integers.ts';
import { boolean, integer, memory, oneOf, string } from '../kinds.ts';
import { option, type Traits } from '../option.ts';
import { hostAndPort } from '../special-kinds.ts';

const accepted: Traits = { accepted: true };

/** The older spelling with "slave" is an alias. */
function formerly(...aliases: string[]): Traits {
  return { accepted: true, aliases };
}

export const replication = {
  replicaof: option(hostAndPort(), undefined, `Copy the data of another server.`, {
    accepted: true,
    immutable: true,
    aliases: ['slaveof'],
  }),
  masterauth: option(string(), '', `Password for the master.`, {
    accepted: true,
    sensitive: true,
    aliases: ['primaryauth'],
  }),
  masteruser: option(string(), '', `User name at the master.`, {
    accepted: true,
    sensitive: true,
    aliases: ['primaryuser'],
  }),
  'replica-serve-stale-data': option(
    boolean(),
    true,
    `Answer from old data while the master is away.`,
    formerly('slave-serve-stale-data'),
  ),
  'replica-read-only': option(boolean(), true, `Refuse writes on a replica.`, formerly('slave-read-only')),
  'replica-announced': option(boolean(), true, `Show the replica to sentinels.`, accepted),
  'replica-priority': option(integer(), 100, `Rank for sentinels.`, formerly('slave-priority')),
  'replica-announce-ip': option(string(), '', `Address to tell the master.`, formerly('slave-announce-ip')),
  'replica-announce-port': option(integer(0, 65535), 0, `Port to tell the master.`, formerly('slave-announce-port')),
  'replica-ignore-disk-write-errors': option(boolean(), false, `Go on when a replica's disk is full.`, accepted),
  'repl-diskless-sync': option(boolean(), true, `Send snapshots without writing a file.`, accepted),
  'repl-diskless-sync-delay': option(integer(), 5, `Wait so long for further replicas.`, {
    accepted: true,
    unit: 'seconds',
  }),
  'repl-diskless-sync-max-replicas': option(integer(), 0, `Don't wait for more replicas than this.`, accepted),
  'repl-diskless-load': option(
    oneOf(['disabled', 'on-empty-db', 'swapdb']),
    'disabled',
    `Load a snapshot from the connection.`,
    { accepted: true, deniedWhileLoading: true },
  ),
  'repl-ping-replica-period': option(integer(1), 10, `Time between pings.`, {
    accepted: true,
    aliases: ['repl-ping-slave-period'],
    unit: 'seconds',
  }),
  'repl-timeout': option(integer(1), 60, `Silence after which a link counts as broken.`, {
    accepted: true,
    unit: 'seconds',
  }),
  'repl-disable-tcp-nodelay': option(boolean(), false, `Send fewer and larger packets.`, accepted),
  'repl-backlog-size': option(memory(1), 1024 * 1024, `Size of the replication backlog.`, {
    accepted: true,
    unit: 'bytes',
  }),
  'repl-backlog-ttl': option(integer(0, LONG_MAX), 3600, `How long the backlog outlives the last replica.`, {
    accepted: true,
    unit: 'seconds',
  }),
  'min-replicas-to-write': option(
    integer(),
    0,
    `Refuse writes with fewer replicas than this.`,
    formerly('min-slaves-to-write'),
  ),
  'min-replicas-max-lag': option(integer(), 10, `Lag up to which a replica counts.`, {
    accepted: true,
    aliases: ['min-slaves-max-lag'],
    unit: 'seconds',
  }),
  'propagation-error-behavior': option(
    oneOf(['ignore', 'panic', 'panic-on-replicas']),
    'ignore',
    `What an error in a replicated command does.`,
    accepted,
  ),
};
