/**
 * What commands need from the server that runs them; the server implements it. The rooms below know only this.
 */
import type { Config, SetContext, SetResult } from '@aof/config';
import type { Database, Key, Value } from '@aof/keyspace';
import type { BackupPort } from './backup-port.ts';
import type { Client } from './client.ts';
import type { MemoryUse } from './memory-report.ts';

/** Answer of a request to rewrite the log. */
export type RewriteAnswer =
  | { readonly outcome: 'started' }
  | { readonly outcome: 'scheduled' }
  | { readonly outcome: 'in-progress' }
  | { readonly outcome: 'error'; readonly message: string };

/**
 * Answer of a request to save a snapshot. `done`: it is on the disk. `in-progress`: one is being saved in the background. `busy`:
 * something else runs in the background. `failed`: the server's log says why.
 */
export type SaveAnswer = 'done' | 'started' | 'scheduled' | 'in-progress' | 'busy' | 'failed';

/** Snapshots, for a server that keeps them. */
export interface SnapshotPort {
  /** SAVE: everybody waits until it is done. */
  save(): SaveAnswer;
  /** BGSAVE. @param mayWait until what runs in the background has ended: SCHEDULE */
  saveInBackground(mayWait: boolean): SaveAnswer;
  /** The data set has been emptied on purpose. */
  flushed(): void;
}

/** The options of DEBUG RELOAD; by default it saves, empties the data set and loads it. */
export interface ReloadOptions {
  readonly saves?: boolean;
  readonly empties?: boolean;
  /** Keys that are there already are replaced. */
  readonly replaces?: boolean;
}

export interface ShutdownRequest {
  readonly save: boolean | undefined;
  readonly now: boolean;
  readonly force: boolean;
}

/** One section of INFO: its title and its `name:value` pairs in order. */
export interface InfoSection {
  readonly name: string;
  readonly fields: readonly (readonly [name: string, value: string | number])[];
}

/** What a payload of DUMP holds; `wrong-payload`: its version or its checksum is wrong, `bad-data`: what is inside. */
export type RestoredValue = { readonly value: Value } | 'wrong-payload' | 'bad-data';

export interface ServerPort {
  /** Absent: this server makes no backups. */
  readonly backup?: BackupPort;
  readonly config: Config;
  /** Connected clients in order of their ids. */
  clients(): Iterable<Client>;
  clientById(id: number): Client | undefined;
  /** Sections of INFO by lower-case name; `default`, `all` and `everything` select several. */
  info(sections: readonly string[]): readonly InfoSection[];
  resetStatistics(): void;
  /**
   * CONFIG SET, for a server to which some options mean work that takes a while. Absent: `config.set`.
   * @param mayWait the client can be told later
   */
  setConfig?(args: readonly string[], context: SetContext, mayWait: boolean): SetResult | Promise<SetResult>;
  /** Rewrites the configuration file; the text of the failure otherwise. */
  rewriteConfigFile(): string | undefined;
  rewriteLog(): RewriteAnswer;
  /** Starts an orderly end; the text of the refusal otherwise. */
  shutdown(request: ShutdownRequest): string | undefined;
  /** Unix time of the last successful save, seconds. */
  lastSaveSec(): number;
  readonly snapshots?: SnapshotPort;
  /** Blocks the whole server, as DEBUG SLEEP does. */
  sleep(seconds: number): void;
  /** DEBUG RELOAD and DEBUG LOADAOF: resolves with the text of the failure, or undefined. */
  reload(source: 'snapshot' | 'log', options?: ReloadOptions): Promise<string | undefined>;
  /** DEBUG DIGEST and DIGEST-VALUE, 40 hexadecimal digits. */
  digest(): string;
  digestOf(db: Database, key: Key): string;
  /** Bytes that a value takes in an RDB file. */
  serializedLength(value: Value): number;
  /** The payload of DUMP. */
  dump?(value: Value): Uint8Array;
  /** What RESTORE makes of a payload; the bytes are not kept. */
  restore?(payload: Uint8Array): RestoredValue;
  /** What MEMORY STATS tells, where there is a process to ask. */
  memoryUse?(): MemoryUse;
  /** MEMORY MALLOC-STATS. */
  allocatorReport?(): string;
  setActiveExpire(enabled: boolean): void;
  /** A client waits until then, ms since the Unix epoch: `Executor.expireWaits` is to be called. */
  wakeAt?(atMs: number): void;
  log(level: 'debug' | 'verbose' | 'notice' | 'warning', message: string): void;
}
