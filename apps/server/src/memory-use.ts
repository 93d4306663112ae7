/** What the process says about its memory. */
import { getHeapSpaceStatistics } from 'node:v8';
import type { MemoryUse } from '@aof/commands';
import type { Engine } from './engine.ts';

/** Bytes that objects take, and what they hold outside the heap. */
export function usedMemoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
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
