/** The engine as commands see it: `ServerPort`. */
import { hash } from 'node:crypto';
import type {
  BackupPort,
  Client,
  InfoSection,
  MemoryUse,
  ReloadOptions,
  RestoredValue,
  RewriteAnswer,
  ServerPort,
  ShutdownRequest,
  SnapshotPort,
} from '@aof/commands';
import type { Config, SetContext, SetResult } from '@aof/config';
import { type Database, digestDataset, digestValue, type Key, type Value } from '@aof/keyspace';
import { dumpValue, entryToValue, plainValue, RdbError, type RdbErrorCode, restoreValue } from '@aof/rdb';
import { formatDouble17 } from '@aof/resp-codec';
import type { Engine } from './engine.ts';
import { infoSections } from './info.ts';
import type { LogLevel } from './log.ts';
import { allocatorReport, memoryUse } from './memory-use.ts';
import { ConfigChanges } from './relisten.ts';
import { reload } from './reload.ts';

const DIGEST_TOOLS = {
  sha1: (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer'),
  formatDouble17,
};

/** Payloads go to servers of 7.0 and newer ones: nothing that this server keeps needs more. */
const DUMP_TARGET = 'redis-7.0';
/** What a payload has beside the value: its type before it, version and checksum behind it. */
const DUMP_OVERHEAD_BYTES = 1 + 2 + 8;

/** What is wrong with a payload before its value is looked at. */
const PAYLOAD_FAULTS: ReadonlySet<RdbErrorCode> = new Set(['RDB_PAYLOAD', 'RDB_VERSION', 'RDB_CHECKSUM']);

export class EnginePort implements ServerPort {
  readonly #engine: Engine;
  readonly #configChanges: ConfigChanges;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#configChanges = new ConfigChanges(engine);
  }

  get config(): Config {
    return this.#engine.config;
  }

  clients(): Iterable<Client> {
    return this.#engine.clients.values();
  }

  clientById(id: number): Client | undefined {
    return this.#engine.clients.get(id);
  }

  info(sections: readonly string[]): readonly InfoSection[] {
    return infoSections(this.#engine, sections);
  }

  resetStatistics(): void {
    this.#engine.statistics.reset();
    Object.assign(this.#engine.keyspace.statistics, { expiredKeys: 0, hits: 0, misses: 0 });
    this.#engine.executor.resetStatistics();
  }

  setConfig(args: readonly string[], context: SetContext, mayWait: boolean): SetResult | Promise<SetResult> {
    return this.#configChanges.set(args, context, mayWait);
  }

  rewriteConfigFile(): string | undefined {
    return this.#engine.rewriteConfigFile();
  }

  rewriteLog(): RewriteAnswer {
    return this.#engine.rewriteControl.request();
  }

  shutdown(request: ShutdownRequest): string | undefined {
    return this.#engine.shutdown(request);
  }

  lastSaveSec(): number {
    return this.snapshots.lastSaveSec;
  }

  get snapshots(): SnapshotPort & { readonly lastSaveSec: number } {
    return this.#engine.snapshotControl;
  }

  get backup(): BackupPort {
    return this.#engine.backupControl;
  }

  sleep(seconds: number): void {
    // The one place that blocks on purpose: tests want a server that does not answer.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
    this.#engine.executor.endBatch();
  }

  reload(source: 'snapshot' | 'log', options: ReloadOptions = {}): Promise<string | undefined> {
    return reload(this.#engine, source, options);
  }

  digest(): string {
    return digestDataset(this.#engine.keyspace, DIGEST_TOOLS);
  }

  digestOf(db: Database, key: Key): string {
    return digestValue(db, key, DIGEST_TOOLS);
  }

  serializedLength(value: Value): number {
    return this.dump(value).length - DUMP_OVERHEAD_BYTES;
  }

  dump(value: Value): Uint8Array {
    const { config, keyspace } = this.#engine;
    return dumpValue(plainValue(value), DUMP_TARGET, {
      compresses: config.values.rdbcompression,
      thresholds: keyspace.thresholds,
    });
  }

  restore(payload: Uint8Array): RestoredValue {
    const { config, keyspace } = this.#engine;
    try {
      const plain = restoreValue(payload, { maxStringBytes: config.values['proto-max-bulk-len'] });
      const { value, lost } = entryToValue(plain, keyspace.thresholds);
      if (lost.length === 0) return { value };
      this.log('warning', `RESTORE refused a value of a newer server: there is no ${lost.join(' and ')} here`);
      return 'bad-data';
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      return PAYLOAD_FAULTS.has(error.code) ? 'wrong-payload' : 'bad-data';
    }
  }

  wakeAt(atMs: number): void {
    this.#engine.wakeAt(atMs);
  }

  memoryUse(): MemoryUse {
    return memoryUse(this.#engine);
  }

  allocatorReport(): string {
    return allocatorReport();
  }

  setActiveExpire(isOn: boolean): void {
    this.#engine.setActiveExpire(isOn);
  }

  log(level: LogLevel, message: string): void {
    this.#engine.log(level, message);
  }
}
