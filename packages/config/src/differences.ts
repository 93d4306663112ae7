/** Where this server's options differ from Redis 7.0 on purpose, and why. The tests compare everything else. */

import type { OptionName } from './options.ts';

export interface Difference {
  readonly option: OptionName;
  readonly redis: string;
  readonly here: string;
  readonly reason: string;
}

/** Defaults that differ. */
export const DIFFERENCES: readonly Difference[] = [
  {
    option: 'aof-use-rdb-preamble',
    redis: 'yes',
    here: 'no',
    reason: 'the append only file stays readable and repairable as text unless somebody asks for the binary base',
  },
];
