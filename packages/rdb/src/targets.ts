/** The servers that files can be written for, and what their versions of the format can hold. */

import type { Dialect } from './format.ts';

export type RdbTarget =
  | 'redis-4'
  | 'redis-5'
  | 'redis-6'
  | 'redis-7.0'
  | 'redis-7.2'
  | 'redis-7.4'
  | 'valkey-8'
  | 'valkey-9';

/** What a target's format is. Each `has` names what earlier ones lack. */
export interface TargetFormat {
  /** Of the file: `magic` and the version's digits. */
  readonly header: string;
  readonly version: number;
  readonly dialect: Dialect;
  /** The aux field with the server's version, and what it says unless told otherwise. */
  readonly versionField: 'redis-ver' | 'valkey-ver';
  readonly serverVersion: string;
  /** 5.0: streams, idle times and frequencies. */
  readonly hasStreams: boolean;
  /** 7.0: listpacks instead of ziplists, counters in streams, function libraries. */
  readonly hasListpacks: boolean;
  /** 7.2: listpacks for sets, active times of consumers. */
  readonly hasSetListpacks: boolean;
  /** 7.4, and Valkey 9 in its own form. */
  readonly hasFieldExpiry: boolean;
}

function redis(version: number, serverVersion: string): TargetFormat {
  return {
    header: `REDIS${String(version).padStart(4, '0')}`,
    version,
    dialect: 'redis',
    versionField: 'redis-ver',
    serverVersion,
    hasStreams: version >= 9,
    hasListpacks: version >= 10,
    hasSetListpacks: version >= 11,
    hasFieldExpiry: version >= 12,
  };
}

const FORMATS: Readonly<Record<RdbTarget, TargetFormat>> = {
  'redis-4': redis(8, '4.0.14'),
  'redis-5': redis(9, '5.0.14'),
  'redis-6': redis(9, '6.2.14'),
  'redis-7.0': redis(10, '7.0.15'),
  'redis-7.2': redis(11, '7.2.4'),
  'redis-7.4': redis(12, '7.4.0'),
  'valkey-8': { ...redis(11, '8.0.0'), versionField: 'valkey-ver' },
  'valkey-9': {
    ...redis(11, '9.0.0'),
    header: 'VALKEY080',
    version: 80,
    dialect: 'valkey',
    versionField: 'valkey-ver',
    hasFieldExpiry: true,
  },
};

/** All targets, the oldest first. */
export const RDB_TARGETS = Object.keys(FORMATS) as readonly RdbTarget[];

export function targetFormat(target: RdbTarget): TargetFormat {
  return FORMATS[target];
}
