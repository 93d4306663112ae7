/** Options that only Valkey has. None has an effect; they are known so that a valkey.conf can be used as it is. */

import { LONG_MAX } from '../integers.ts';
import { boolean, integer } from '../kinds.ts';
import { option, type Traits } from '../option.ts';

const accepted: Traits = { accepted: true, origin: 'valkey' };

export const valkey = {
  'extended-redis-compatibility': option(boolean(), false, `Answer as Redis where Valkey's name would show.`, accepted),
  'max-new-connections-per-cycle': option(integer(1, 1000), 10, `New connections to accept at once.`, accepted),
  'max-new-tls-connections-per-cycle': option(integer(1, 1000), 1, `The same for TLS connections.`, accepted),
  'cluster-ping-interval': option(integer(0, LONG_MAX), 0, `For tests: time between pings in the cluster.`, {
    ...accepted,
    hidden: true,
    unit: 'milliseconds',
  }),
  'debug-assert-enabled': option(boolean(), false, `For tests: check more assertions.`, {
    ...accepted,
    hidden: true,
    immutable: true,
  }),
};
