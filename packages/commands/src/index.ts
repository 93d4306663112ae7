export type { BackupPort, BackupStatus } from './backup-port.ts';
export { BlockedClients, type Wait } from './blocking.ts';
export {
  Client,
  type ClientLink,
  isLocalClient,
  NO_LINK,
  type QueuedCommand,
  type ReplyMode,
  type WatchedKey,
} from './client.ts';
export { Command, type CommandRename, CommandTable } from './command-table.ts';
export type { CommandContext, RecordArgument } from './context.ts';
export {
  type ExecutionObserver,
  Executor,
  type ExecutorClock,
  type ExecutorOptions,
  type ExecutorStatistics,
  type LoadOutcome,
} from './execute.ts';
export { followConfig } from './follow-config.ts';
export { keyPositions } from './key-positions.ts';
export { type MemoryUse, memoryReport } from './memory-report.ts';
export { NO_DATABASE, type PropagationSink } from './propagation.ts';
export type { ServerState } from './refusal.ts';
export type {
  InfoSection,
  ReloadOptions,
  RestoredValue,
  RewriteAnswer,
  SaveAnswer,
  ServerPort,
  ShutdownRequest,
  SnapshotPort,
} from './server-port.ts';
export type {
  CommandFlag,
  CommandGroup,
  CommandSpec,
  Handler,
  KeyBegin,
  KeyFind,
  KeyPosition,
  KeySpec,
} from './spec.ts';
export { ALL_COMMANDS } from './table.ts';
export { REDIS_VERSION } from './version.ts';
