/** Options about passwords and what clients may do. */

import { LONG_MAX } from '../integers.ts';
import { integer, oneOf, path, string } from '../kinds.ts';
import { option } from '../option.ts';

const allowance = () => oneOf(['no', 'yes', 'local']);

export const security = {
  requirepass: option(
    string(),
    '',
    `Password that clients must give by AUTH or HELLO before anything else. Empty means that none is asked for. The
    server is fast, and so is guessing: take a long one.`,
    { sensitive: true },
  ),
  'enable-protected-configs': option(
    allowance(),
    'no',
    `Who may change dir and dbfilename by CONFIG SET: nobody, everybody, or only clients on this machine. With them a
    client can choose where files are written.`,
    { immutable: true },
  ),
  'enable-debug-command': option(
    allowance(),
    'no',
    `Who may use the DEBUG command: nobody, everybody, or only clients on this machine.`,
    { immutable: true },
  ),
  'enable-module-command': option(allowance(), 'no', `Who may use the MODULE command.`, {
    accepted: true,
    immutable: true,
  }),
  aclfile: option(path(), '', `File with users and their rights.`, { accepted: true, immutable: true }),
  'acllog-max-len': option(integer(0, LONG_MAX), 128, `Longest list of refused commands.`, { accepted: true }),
  'acl-pubsub-default': option(
    oneOf(['allchannels', 'resetchannels']),
    'resetchannels',
    `Channels that new users may use.`,
    { accepted: true },
  ),
};
