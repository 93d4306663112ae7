/** What memory is used for, as MEMORY STATS and INFO tell it. */
import type { Database, Keyspace } from '@aof/keyspace';

/** A key's place in the key table: where it lies, its hash, its access bits, its epoch. */
export const TABLE_BYTES = 32;
/** When a key expires. */
const EXPIRY_BYTES = 8;

/** What the process says about its memory, bytes. */
export interface MemoryUse {
  /** In use: objects, and what they hold outside the heap. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** In use when the server had just started. */
  readonly startupBytes: number;
  readonly residentBytes: number;
  /** Of the heap, committed and in use. */
  readonly heapCommittedBytes: number;
  readonly heapUsedBytes: number;
  readonly logBufferBytes: number;
  /** Requests and replies of the clients. */
  readonly clientBytes: number;
}

export interface MemoryReport extends MemoryUse {
  readonly keyCount: number;
  /** All that is not data. */
  readonly overheadBytes: number;
  readonly datasetBytes: number;
  /** Of what was not used at the start. */
  readonly datasetPercent: number;
  readonly peakPercent: number;
  readonly bytesPerKey: number;
  readonly fragmentationRatio: number;
  readonly fragmentationBytes: number;
}

export function tableBytes(db: Database): { readonly main: number; readonly expires: number } {
  return { main: db.size * TABLE_BYTES, expires: db.expiringCount * EXPIRY_BYTES };
}

export function memoryReport(keyspace: Keyspace, use: MemoryUse): MemoryReport {
  const { usedBytes, startupBytes, peakBytes, residentBytes } = use;
  const tables = keyspace.databases.reduce((sum, db) => sum + tableBytes(db).main + tableBytes(db).expires, 0);
  const overheadBytes = Math.min(usedBytes, startupBytes + tables + use.logBufferBytes + use.clientBytes);
  const datasetBytes = usedBytes - overheadBytes;
  const sinceStart = Math.max(1, usedBytes - startupBytes);
  return {
    ...use,
    keyCount: keyspace.size,
    overheadBytes,
    datasetBytes,
    datasetPercent: Math.min(100, (datasetBytes * 100) / sinceStart),
    peakPercent: (usedBytes * 100) / Math.max(1, peakBytes),
    bytesPerKey: keyspace.size === 0 ? 0 : Math.floor(Math.max(0, usedBytes - startupBytes) / keyspace.size),
    fragmentationRatio: residentBytes / Math.max(1, usedBytes),
    fragmentationBytes: residentBytes - usedBytes,
  };
}
