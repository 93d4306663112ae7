/** What the process says about its memory. */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { MemoryUse } from '@aof/commands';
import type { Engine } from './engine.ts';

/** Bytes that objects take, and what they hold outside the heap. */
export function usedMemoryBytes(): number {
  // As `process.memoryUsage()` has them, which reads the size of the process from the operating system besides.
  const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
  return heapUsed + external;
}

/** Beside a second data set this share of the first one's size must stay free. */
const SPARE_SHARE = 0.25;

/** Whether a second data set of the size of the served one fits: into V8's heap, and into what the machine or its container has left. */
export function hasRoomForSecondDataSet(): boolean {
  const { heapUsed, external } = process.memoryUsage();
  const heapLeft = getHeapStatistics().heap_size_limit - heapUsed;
  const wanted = 1 + SPARE_SHARE;
  return heapLeft > heapUsed * wanted && process.availableMemory() > (heapUsed + external) * wanted;
}

/** As `MemoryUse` has it; a new peak is remembered. */
export function memoryUse({ statistics, appendLog, clients }: Engine): MemoryUse {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const usedBytes = heapUsed + external;
  statistics.peakMemoryBytes = Math.max(statistics.peakMemoryBytes, usedBytes);
  let clientBytes = 0;
  for (const { link, queuedBytes } of clients.values()) {
    clientBytes += link.queryBufferBytes + link.outputBufferBytes + queuedBytes;
  }
  return {
    usedBytes,
    peakBytes: statistics.peakMemoryBytes,
    startupBytes: Math.min(usedBytes, statistics.startupMemoryBytes),
    residentBytes: rss,
    heapCommittedBytes: heapTotal,
    heapUsedBytes: heapUsed,
    logBufferBytes: appendLog.bufferCapacity,
    clientBytes,
  };
}

/** MEMORY MALLOC-STATS: the spaces of V8's heap. */
export function allocatorReport(): string {
  const lines = getHeapSpaceStatistics().map(
    (space) =>
      `${space.space_name.padEnd(28)}${String(space.space_used_size).padStart(14)}${String(space.space_size).padStart(14)}`,
  );
  return `${'V8 heap space'.padEnd(28)}${'used bytes'.padStart(14)}${'committed'.padStart(14)}\n${lines.join('\n')}\n`;
}
