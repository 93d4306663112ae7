/** Options about removing large values without making others wait. */

import { boolean } from '../kinds.ts';
import { option } from '../option.ts';

export const lazyfree = {
  'lazyfree-lazy-eviction': option(
    boolean(),
    false,
    `Log the removal of an evicted key as UNLINK instead of DEL, so that whoever replays it may free the value in the
    background.`,
    { accepted: true },
  ),
  'lazyfree-lazy-expire': option(boolean(), false, `The same for keys that expire.`, { accepted: true }),
  'lazyfree-lazy-server-del': option(
    boolean(),
    false,
    `The same for values that a command removes in passing, as RENAME does with the target's old value.`,
    { accepted: true },
  ),
  'lazyfree-lazy-user-del': option(boolean(), false, `Let DEL behave as UNLINK.`, { accepted: true }),
  'lazyfree-lazy-user-flush': option(
    boolean(),
    false,
    `Let FLUSHALL and FLUSHDB without SYNC or ASYNC behave as with ASYNC.`,
    { accepted: true },
  ),
  'replica-lazy-flush': option(boolean(), false, `Free a replica's old data in the background.`, {
    accepted: true,
    aliases: ['slave-lazy-flush'],
  }),
};
