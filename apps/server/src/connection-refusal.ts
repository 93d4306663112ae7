/** Which connections are turned away: more than `maxclients`, and strangers while there is no password (protected mode). */
import type { Engine } from './engine.ts';

/** Why a new connection is turned away, as an error reply without its `-`, or undefined. @param connections how many there are */
export function refusalOfConnection(
  { config, statistics }: Engine,
  connections: number,
  remoteAddress: string | undefined,
): string | undefined {
  const { values } = config;
  if (connections >= values.maxclients) {
    statistics.rejectedConnections++;
    return 'ERR max number of clients reached';
  }
  const isLocal = remoteAddress === undefined || /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
  if (isLocal || !values['protected-mode'] || values.requirepass !== '') return undefined;
  statistics.rejectedConnections++;
  return DENIED;
}

const DENIED =
  'DENIED this server runs in protected mode: it has no password and this connection comes from another machine. Set a password with requirepass, or bind it to the addresses that you trust and set protected-mode no.';
