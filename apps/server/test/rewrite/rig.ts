/**
 * A server without sockets on a simulated disk, whose monotonic clock moves with every look at it: a rewrite is then cut
 * into many slices, and commands run between them.
 */
import { Config, type ConfigValues } from '@aof/config';
import type { Disk } from '@aof/disk';
import type { ReplyValue } from '@aof/resp-codec';
import { Engine } from '../../src/engine.ts';
import { digestOf } from '../simulation/digest.ts';
import { SimClient, settle } from '../simulation/machine.ts';

export const DIR = '/var';

export class Rig {
  readonly engine: Engine;
  readonly lines: string[] = [];
  nowMs = 1_700_000_000_000;
  fatal: string | undefined;
  isShutDown = false;
  /** What one look at the clock takes. */
  lookUs = 150;
  #lookedUs = 0;
  #scheduled: (() => void)[] = [];

  /** @param rewriteBufferCeilingBytes see EngineOptions */
  constructor(disk: Disk, config: Partial<ConfigValues> = {}, rewriteBufferCeilingBytes?: number) {
    this.engine = new Engine({
      ...(rewriteBufferCeilingBytes === undefined ? {} : { rewriteBufferCeilingBytes }),
      config: Config.of(DIR, {
        dir: DIR,
        databases: 4,
        appendonly: true,
        save: [],
        'enable-debug-command': 'yes',
        ...config,
      }),
      disk,
      clock: { nowMs: () => this.nowMs, monotonicUs: () => this.#look() },
      chance: { random: () => 0.5, hashSeed: () => ({ k0: 1, k1: 2 }), runId: () => 'f'.repeat(40) },
      log: (level, message) => this.lines.push(`${level}: ${message}`),
      configFile: '',
      listeningPort: () => undefined,
      schedule: (work) => this.#scheduled.push(work),
      delay: () => undefined,
      onFatal: (message) => {
        this.fatal = message;
      },
      onShutdown: () => {
        this.isShutDown = true;
      },
    });
  }

  static async start(disk: Disk, config?: Partial<ConfigValues>): Promise<Rig> {
    const rig = new Rig(disk, config);
    let isRunning = true;
    const started = rig.engine.start().finally(() => {
      isRunning = false;
    });
    started.catch(() => undefined); // awaited below
    while (isRunning) await rig.turn();
    await started;
    return rig;
  }

  connect(): SimClient {
    return new SimClient(this.engine);
  }

  /** One turn of the event loop, and what it leaves to be done at once. */
  async turn(): Promise<void> {
    const work = this.#scheduled;
    this.#scheduled = [];
    for (const run of work) run();
    await settle();
  }

  /** One command, answered. */
  async ask(...args: string[]): Promise<ReplyValue> {
    const client = this.connect();
    client.send(args);
    for (let turns = 0; client.replies.length === 0; turns++) {
      if (turns > 200) throw new Error(`no reply to ${args.join(' ')}`);
      await this.turn();
    }
    client.disconnect();
    return client.replies[0] ?? null;
  }

  #look(): number {
    this.#lookedUs += this.lookUs;
    return this.nowMs * 1000 + this.#lookedUs;
  }

  advance(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += Math.min(100, end - this.nowMs);
      this.engine.cron();
    }
  }

  /** Until no rewrite runs any more. */
  async rewritten(): Promise<void> {
    for (let turns = 0; this.engine.rewriteControl.isRunning; turns++) {
      if (turns > 5000) throw new Error('the rewrite does not end');
      await this.turn();
    }
    for (let turns = 0; turns < 5; turns++) await this.turn();
  }

  info(name: string): string | number | undefined {
    const sections = this.engine.port.info(['persistence']);
    return sections.flatMap(({ fields }) => fields).find(([field]) => field === name)?.[1];
  }

  get digest(): string {
    return digestOf(this.engine);
  }
}

/** The next of the sequence that `seed` begins, in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
