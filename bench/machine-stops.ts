// When the machine stood still: a virtual machine may be granted less than its processors can do, and is then stopped for 2–12 ms
// without any count of it, as two processes show that do nothing but look at the clock. Here a process on each processor does little more than
// sleep for a millisecond at a time: what it oversleeps without having waited for the processor, nothing ran on that processor.
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { type Lateness, watchTimer } from './late-timer.ts';

/** Less is the timer's own inaccuracy. */
const STOP_MS = 1.5;

export interface MachineWatch {
  /** How much of the time from `fromMs` to `toMs` that processor stood still, ms; a stop is known a few milliseconds after its end. */
  stoppedMs(lateness: Lateness): number;
  end(): void;
}

/** Watches every processor until `end`. Without taskset(1) it watches none: `stoppedMs` is 0. */
export function watchMachine(): MachineWatch {
  const stops: Lateness[][] = [];
  const children: ChildProcess[] = [];
  for (let processor = 0; processor < availableParallelism(); processor++) {
    const seen: Lateness[] = [];
    const command = ['-c', String(processor), process.execPath, import.meta.filename];
    const child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.once('error', () => undefined); // nobody watches then
    createInterface({ input: child.stdout }).on('line', (line) => seen.push(JSON.parse(line)));
    stops.push(seen);
    children.push(child);
  }
  return {
    stoppedMs: ({ fromMs, toMs, processor }) => {
      let sum = 0;
      for (const stop of stops[processor] ?? []) {
        const shared = Math.min(toMs, stop.toMs) - Math.max(fromMs, stop.fromMs);
        sum += Math.max(0, Math.min(shared, stop.ownMs ?? 0));
      }
      return sum;
    },
    end: () => {
      for (const child of children) child.kill();
    },
  };
}

if (process.argv[1] === import.meta.filename)
  watchTimer(STOP_MS, (lateness) => {
    if ((lateness.ownMs ?? 0) > STOP_MS) process.stdout.write(`${JSON.stringify(lateness)}\n`);
  }).ref();
