/** Options about the cluster. None has an effect: this server is never part of one. */

import { LONG_MAX, ULONG_MAX } from '../integers.ts';
import { boolean, integer, memory, oneOf, path, string } from '../kinds.ts';
import { option, type Traits } from '../option.ts';

const accepted: Traits = { accepted: true };
const MAX_HOST_NAME = 256;

function checkHostName(name: string): string | undefined {
  if (name.length >= MAX_HOST_NAME) return `Hostnames must be less than ${MAX_HOST_NAME} characters`;
  if (/^[A-Za-z0-9.-]*$/.test(name)) return undefined;
  return 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

export const cluster = {
  'cluster-enabled': option(boolean(), false, `Be part of a cluster.`, { accepted: true, immutable: true }),
  'cluster-config-file': option(path(), 'nodes.conf', `File in which a node keeps what it knows.`, {
    accepted: true,
    immutable: true,
  }),
  'cluster-port': option(integer(0, 65535), 0, `Port for other nodes.`, { accepted: true, immutable: true }),
  'cluster-node-timeout': option(integer(0, LONG_MAX), 15000, `Silence after which a node counts as down.`, {
    accepted: true,
    unit: 'milliseconds',
  }),
  'cluster-announce-ip': option(string(), '', `Address to tell other nodes.`, accepted),
  'cluster-announce-hostname': option(string(checkHostName), '', `Name to tell other nodes.`, accepted),
  'cluster-announce-port': option(integer(0, 65535), 0, `Port to tell other nodes.`, accepted),
  'cluster-announce-tls-port': option(integer(0, 65535), 0, `TLS port to tell other nodes.`, accepted),
  'cluster-announce-bus-port': option(integer(0, 65535), 0, `Bus port to tell other nodes.`, accepted),
  'cluster-preferred-endpoint-type': option(
    oneOf(['ip', 'hostname', 'unknown-endpoint']),
    'ip',
    `How nodes are named to clients.`,
    accepted,
  ),
  'cluster-replica-validity-factor': option(integer(), 10, `How old a replica's data may be for a failover.`, {
    accepted: true,
    aliases: ['cluster-slave-validity-factor'],
  }),
  'cluster-replica-no-failover': option(boolean(), false, `Never take the master's place.`, {
    accepted: true,
    aliases: ['cluster-slave-no-failover'],
  }),
  'cluster-migration-barrier': option(integer(), 1, `Replicas that a master keeps.`, accepted),
  'cluster-allow-replica-migration': option(boolean(), true, `Let replicas change their master.`, accepted),
  'cluster-require-full-coverage': option(boolean(), true, `Serve only while all slots are served.`, accepted),
  'cluster-allow-reads-when-down': option(boolean(), false, `Serve reads while the cluster is down.`, accepted),
  'cluster-allow-pubsubshard-when-down': option(boolean(), true, `Serve sharded channels meanwhile.`, accepted),
  'cluster-link-sendbuf-limit': option(memory(0n, ULONG_MAX), 0, `Most bytes waiting for another node.`, {
    accepted: true,
    unit: 'bytes',
  }),
  'cluster-announce-human-nodename': option(string(checkHostName), '', `Name of the node in logs.`, {
    accepted: true,
    origin: 'redis-7.2',
  }),
};
