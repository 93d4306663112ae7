// One line of the benchmark's table.
import type { RunningServer } from './servers.ts';

export interface Scenario {
  readonly name: string;
  readonly must: number;
  readonly options: readonly string[];
  /** What is measured once per round; bigger is better unless `isCost`. */
  measure(server: RunningServer): Promise<number>;
  /** Requests of one measurement: then the server's CPU time per request is printed too, which is steadier than the rate. */
  readonly requests?: number;
  readonly isCost?: boolean;
  readonly unit: string;
  /** Runs once per server before the rounds. */
  prepare?(server: RunningServer): Promise<unknown>;
  readonly rounds?: number;
}
