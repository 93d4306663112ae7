/** Options about listening, connections and sockets. */

import { UINT_MAX } from '../integers.ts';
import { boolean, integer, octal, path, string } from '../kinds.ts';
import { option } from '../option.ts';
import { addresses } from '../special-kinds.ts';

export const network = {
  bind: option(
    addresses(),
    ['*', '-::*'],
    `Addresses of this machine on which the server listens. "*" stands for every IPv4 address and "::*" for every IPv6
    address. An address with a leading "-" is optional: it is passed over when this machine doesn't have it, while a
    missing address without the dash keeps the server from starting. Anyone who can reach one of the addresses can talk to
    the server, so open it to a network only together with a password and a firewall.`,
  ),
  'protected-mode': option(
    boolean(),
    true,
    `A safety net for servers without a password: connections from other machines are then turned away with an
    explanation, and only this machine is served. Say no only if something else keeps strangers out.`,
  ),
  port: option(
    integer(0, 65535),
    6379,
    `TCP port to listen on. 0 turns TCP off, which makes sense together with a unix socket.`,
  ),
  'tcp-backlog': option(
    integer(),
    511,
    `How many new connections may wait until the server accepts them. The operating system has an upper limit of its own
    (on Linux net.core.somaxconn) and silently lowers larger values to it.`,
    { immutable: true, unit: 'entries' },
  ),
  unixsocket: option(
    path(),
    '',
    `File name of a unix socket to listen on in addition to TCP. Without it there is no unix socket.`,
    { immutable: true },
  ),
  unixsocketperm: option(
    octal(0o777),
    0,
    `Permissions of the unix socket's file, in octal. 0 leaves them to the umask of the process.`,
    { immutable: true },
  ),
  timeout: option(
    integer(),
    0,
    `Seconds without a command after which a client is disconnected. 0 means never. Subscribers are left alone.`,
    { unit: 'seconds' },
  ),
  'tcp-keepalive': option(
    integer(),
    300,
    `Seconds between the probes that the operating system sends over silent connections. They find peers that died
    without a word and keep boxes in between from forgetting the connection. 0 sends none.`,
    { unit: 'seconds' },
  ),
  'bind-source-addr': option(string(), '', `Address from which the server opens connections of its own.`, {
    accepted: true,
  }),
  'socket-mark-id': option(
    integer(0, UINT_MAX),
    0,
    `Mark that the operating system puts on packets of the listeners.`,
    {
      accepted: true,
      immutable: true,
    },
  ),
};
