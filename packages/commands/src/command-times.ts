/**
 * How long commands take: their statistics, the slow log, the histograms and the latency events.
 *
 * A run of calls of one cheap command is timed as a whole, for reading the clock costs as much as such a call. What may take
 * long is timed by itself, and everything is while slowlog-log-slower-than asks for less than a millisecond.
 */
import type { Request } from '@aof/resp-codec';
import type { Client } from './client.ts';
import type { Command } from './command-table.ts';
import { LatencyEvents } from './latency-events.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { SlowLog } from './slow-log.ts';

/** A limit below this many µs is within what a cheap command may take. */
const CHEAP_US = 1000;

export class CommandTimes {
  readonly slowLog = new SlowLog();
  readonly events = new LatencyEvents();
  /** latency-tracking */
  hasHistograms = true;
  /** latency-tracking-info-percentiles */
  percentiles: readonly number[] = [50, 99, 99.9];
  /** Whether every call is timed by itself. */
  timesAll = false;
  /** The command whose run is being timed; undefined: none. */
  current: Command | undefined;
  /** Calls of the run so far. */
  calls = 0;
  #slowerThanUs = 10_000;
  #startedUs = 0;

  /** slowlog-log-slower-than: -1 for never. */
  set slowerThanUs(us: number) {
    this.#slowerThanUs = us;
    this.timesAll = us >= 0 && us < CHEAP_US;
  }

  /** A run of `command` begins; the one before it ends. */
  start(command: Command, nowUs: number): void {
    if (this.current !== undefined) this.#end(this.current, nowUs);
    this.current = command;
    this.calls = 0;
    this.#startedUs = nowUs;
  }

  /** The run ends, if there is one. */
  stop(nowUs: number): void {
    if (this.current !== undefined) this.#end(this.current, nowUs);
    this.current = undefined;
  }

  /** A run of one call ends: the command, what was asked and by whom are known still. */
  stopSingle(command: Command, request: Request, client: Client, nowUs: number): void {
    // A command that EXEC has called has ended the run of EXEC.
    if (this.current !== command || client.isLoader) return this.stop(nowUs);
    const durationUs = nowUs - this.#startedUs;
    const nowMs = client.lastInteractionMs;
    if (this.#slowerThanUs >= 0 && durationUs >= this.#slowerThanUs && !command.skipsSlowLog) {
      this.slowLog.add(command.fullName, request, client, { nowMs, durationUs });
    }
    this.events.add(command.isFast ? 'fast-command' : 'command', nowMs, durationUs);
    this.stop(nowUs);
  }

  #end(command: Command, nowUs: number): void {
    const elapsedUs = nowUs - this.#startedUs;
    command.usec += elapsedUs;
    if (!this.hasHistograms || this.calls === 0) return;
    command.latency ??= new LatencyHistogram();
    command.latency.record(elapsedUs / this.calls, this.calls);
  }
}
