/** All commands, family by family: the command table's contents. */

import { backupCommand } from './families/backup.ts';
import { bitmapCommands } from './families/bitmap.ts';
import { blockingCommands } from './families/blocking.ts';
import { connectionCommands } from './families/connection.ts';
import { dumpCommands } from './families/dump.ts';
import { expireCommands } from './families/expire.ts';
import { genericCommands } from './families/generic.ts';
import { geoCommands } from './families/geo.ts';
import { hashCommands } from './families/hash.ts';
import { hyperLogLogCommands } from './families/hyperloglog.ts';
import { latencyCommand } from './families/latency.ts';
import { listCommands } from './families/list.ts';
import { memoryCommand } from './families/memory.ts';
import { objectCommand } from './families/object.ts';
import { scanCommands } from './families/scan.ts';
import { serverCommands } from './families/server.ts';
import { setCommands } from './families/set.ts';
import { slowLogCommand } from './families/slowlog.ts';
import { sortCommands } from './families/sort.ts';
import { sortedSetCommands } from './families/sorted-set.ts';
import { streamCommands } from './families/stream.ts';
import { stringCommands } from './families/string.ts';
import { lcsCommand } from './families/string-lcs.ts';
import { transactionCommands } from './families/transaction.ts';
import type { CommandSpec } from './spec.ts';

export const ALL_COMMANDS: readonly CommandSpec[] = [
  ...connectionCommands,
  ...transactionCommands,
  ...serverCommands,
  ...genericCommands,
  ...expireCommands,
  ...dumpCommands,
  ...scanCommands,
  objectCommand,
  memoryCommand,
  slowLogCommand,
  latencyCommand,
  backupCommand,
  ...sortCommands,
  ...stringCommands,
  lcsCommand,
  ...bitmapCommands,
  ...hyperLogLogCommands,
  ...listCommands,
  ...blockingCommands,
  ...hashCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...geoCommands,
  ...streamCommands,
];
