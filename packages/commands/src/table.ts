/** All commands, family by family: the command table's contents. */
import { connectionCommands } from './families/connection.ts';
import { serverCommands } from './families/server.ts';
import { transactionCommands } from './families/transaction.ts';
import type { CommandSpec } from './spec.ts';

export const ALL_COMMANDS: readonly CommandSpec[] = [...connectionCommands, ...transactionCommands, ...serverCommands];
