/** The engine as commands see it: `ServerPort`. */
import { createHash } from 'node:crypto';
import type { Client, InfoSection, RewriteAnswer, ServerPort, ShutdownRequest } from '@aof/commands';
import type { Config } from '@aof/config';
import { type Database, digestDataset, digestValue, type Key, type Value } from '@aof/keyspace';
import { formatDouble17 } from '@aof/resp-codec';
import type { Engine } from './engine.ts';
import { infoSections } from './info.ts';
import type { LogLevel } from './log.ts';

const DIGEST_TOOLS = {
  sha1: (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest(),
  formatDouble17,
};

export class EnginePort implements ServerPort {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
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
    return Math.floor(this.#engine.statistics.startedAtMs / 1000);
  }

  sleep(seconds: number): void {
    // The one place that blocks on purpose: tests want a server that does not answer.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
    this.#engine.executor.endBatch();
  }

  reload(source: 'snapshot' | 'log', options: { readonly keepData?: boolean } = {}): Promise<string | undefined> {
    return this.#engine.reload(source, options.keepData ?? false);
  }

  digest(): string {
    return digestDataset(this.#engine.keyspace, DIGEST_TOOLS);
  }

  digestOf(db: Database, key: Key): string {
    return digestValue(db, key, DIGEST_TOOLS);
  }

  serializedLength(value: Value): number {
    return this.#engine.serializedLength(value);
  }

  wakeAt(atMs: number): void {
    this.#engine.wakeAt(atMs);
  }

  setActiveExpire(isOn: boolean): void {
    this.#engine.setActiveExpire(isOn);
  }

  log(level: LogLevel, message: string): void {
    this.#engine.log(level, message);
  }
}
