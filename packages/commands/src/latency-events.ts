/** What has taken long, event by event: LATENCY LATEST and HISTORY. Of each event the last 160 seconds with one are kept. */

const MAX_SAMPLES = 160;

interface LatencySample {
  /** Unix time, seconds. */
  readonly timeSec: number;
  /** The longest of that second. */
  readonly ms: number;
}

interface LatencyEvent {
  readonly samples: LatencySample[];
  maxMs: number;
}

export class LatencyEvents {
  /** latency-monitor-threshold: what takes less is not kept; 0 keeps nothing. */
  thresholdMs = 0;
  readonly #events = new Map<string, LatencyEvent>();

  /** Notes that `event` has taken so long, if that is long. */
  add(event: string, nowMs: number, durationUs: number): void {
    const ms = Math.floor(durationUs / 1000);
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return;
    const timeSec = Math.floor(nowMs / 1000);
    const known = this.#events.get(event) ?? { samples: [], maxMs: 0 };
    this.#events.set(event, known);
    known.maxMs = Math.max(known.maxMs, ms);
    const last = known.samples.at(-1);
    if (last?.timeSec === timeSec) known.samples.pop();
    known.samples.push({ timeSec, ms: last?.timeSec === timeSec ? Math.max(last.ms, ms) : ms });
    if (known.samples.length > MAX_SAMPLES) known.samples.shift();
  }

  /** Of each event the last sample and the longest. */
  latest(): { readonly event: string; readonly last: LatencySample; readonly maxMs: number }[] {
    return [...this.#events].flatMap(([event, { samples, maxMs }]) => {
      const last = samples.at(-1);
      return last === undefined ? [] : [{ event, last, maxMs }];
    });
  }

  historyOf(event: string): readonly LatencySample[] {
    return this.#events.get(event)?.samples ?? [];
  }

  /** Forgets these events, or all; answers how many. */
  reset(events?: readonly string[]): number {
    return [...(events ?? this.#events.keys())].filter((event) => this.#events.delete(event)).length;
  }
}
