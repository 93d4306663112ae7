/**
 * The table of every option, and how names lead to rows.
 *
 * Invariant: no name and no alias appears twice (checked by options.test.ts).
 */

import type { Option, ValueOf } from './option.ts';
import { appendOnly } from './options/append-only.ts';
import { backup } from './options/backup.ts';
import { cluster } from './options/cluster.ts';
import { encoding } from './options/encoding.ts';
import { general } from './options/general.ts';
import { lazyfree } from './options/lazyfree.ts';
import { limits } from './options/limits.ts';
import { monitoring } from './options/monitoring.ts';
import { network } from './options/network.ts';
import { platform } from './options/platform.ts';
import { replication } from './options/replication.ts';
import { security } from './options/security.ts';
import { snapshotting } from './options/snapshotting.ts';
import { tls } from './options/tls.ts';
import { valkey } from './options/valkey.ts';

/** Every option, by its primary name. */
export const OPTIONS = {
  ...network,
  ...general,
  ...snapshotting,
  ...appendOnly,
  ...backup,
  ...limits,
  ...lazyfree,
  ...encoding,
  ...security,
  ...monitoring,
  ...replication,
  ...cluster,
  ...tls,
  ...platform,
  ...valkey,
} as const;

/** Primary name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** The value of every option, typed. */
export type ConfigValues = { readonly [K in OptionName]: ValueOf<(typeof OPTIONS)[K]> };

/** A name that leads to an option. */
export interface NamedOption {
  /** As asked for: the primary name or an alias, in lower case. */
  readonly alias: string;
  readonly name: OptionName;
  readonly option: Option<unknown>;
}

/** Names of options as an array; `Object.keys` would lose their type. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS).filter(isOptionName);

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** The row of an option, for code that treats all options alike. */
export function optionOf(name: OptionName): Option<unknown> {
  return OPTIONS[name];
}

const BY_NAME: ReadonlyMap<string, NamedOption> = new Map(
  OPTION_NAMES.flatMap((name) => {
    const option = optionOf(name);
    return [name, ...option.aliases].map((alias): [string, NamedOption] => [alias, { alias, name, option }]);
  }),
);

/** The option of that name or alias, in any case. */
export function findOption(name: string): NamedOption | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Every name and alias, sorted. */
export const ALL_NAMES: readonly string[] = [...BY_NAME.keys()].sort();
