/** What the server counts about itself for INFO. CONFIG RESETSTAT sets it back. */

/** Samples of the rate of commands, 100 ms apart: INFO's instantaneous values are their mean. */
const SAMPLES = 16;

export class Statistics {
  readonly startedAtMs: number;
  connectionsReceived = 0;
  rejectedConnections = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Reads from clients that brought something, and writes to them. */
  readsProcessed = 0;
  writesProcessed = 0;
  /** Time that active expiry has taken. */
  expireCycleUs = 0;
  outputLimitDisconnections = 0;
  /** Writes of the log under `everysec` that did not wait any longer for a sync that took too long. */
  delayedSyncs = 0;
  peakMemoryBytes = 0;
  readonly startupMemoryBytes: number;
  peakClients = 0;
  /** When the log last told of a connection that spoke HTTP. */
  httpReportedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the last snapshot that was loaded: keys that were taken, and those left out because their time had passed. */
  lastLoad = { loadedKeys: 0, expiredKeys: 0 };
  readonly #rates = { commands: new Rate(), input: new Rate(), output: new Rate() };

  constructor(nowMs: number, startupMemoryBytes: number) {
    this.startedAtMs = nowMs;
    this.startupMemoryBytes = startupMemoryBytes;
  }

  get commandsPerSec(): number {
    return Math.floor(this.#rates.commands.perSecond);
  }

  get inputKbps(): number {
    return this.#rates.input.perSecond / 1024;
  }

  get outputKbps(): number {
    return this.#rates.output.perSecond / 1024;
  }

  sample(nowMs: number, totalCommands: number): void {
    this.#rates.commands.sample(nowMs, totalCommands);
    this.#rates.input.sample(nowMs, this.netInputBytes);
    this.#rates.output.sample(nowMs, this.netOutputBytes);
  }

  reset(): void {
    this.connectionsReceived = 0;
    this.rejectedConnections = 0;
    this.netInputBytes = 0;
    this.netOutputBytes = 0;
    this.readsProcessed = 0;
    this.writesProcessed = 0;
    this.expireCycleUs = 0;
    this.outputLimitDisconnections = 0;
    this.delayedSyncs = 0;
    for (const rate of Object.values(this.#rates)) rate.reset();
  }
}

/** A rate as the mean of its last samples. */
class Rate {
  readonly #samples: number[] = new Array<number>(SAMPLES).fill(0);
  #next = 0;
  #lastMs = 0;
  #lastTotal = 0;

  get perSecond(): number {
    return this.#samples.reduce((sum, sample) => sum + sample, 0) / SAMPLES;
  }

  /** As if nothing had ever happened. */
  reset(): void {
    this.#samples.fill(0);
    this.#lastTotal = 0;
  }

  sample(nowMs: number, total: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    if (this.#lastMs !== 0 && elapsedMs > 0) {
      this.#samples[this.#next] = (Math.max(0, total - this.#lastTotal) * 1000) / elapsedMs;
      this.#next = (this.#next + 1) % SAMPLES;
    }
    this.#lastMs = nowMs;
    this.#lastTotal = total;
  }
}
