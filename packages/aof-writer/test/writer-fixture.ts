/** For tests: a writer on a simulated disk, a clock by hand, and everything that the writer said. */
import { type DiskFile, SimDisk } from '@aof/disk';
import { AofWriter } from '../src/aof-writer.ts';
import type { AofWriterEvents } from '../src/events.ts';
import type { AofWriterOptions } from '../src/writer-options.ts';

export const LOG_PATH = '/appendonly.aof.1.incr.aof';

export interface LogFixture {
  readonly disk: SimDisk;
  readonly writer: AofWriter;
  /** Names of the events but `synced`, with what they said. */
  readonly events: unknown[][];
  /** The arguments of `synced`. */
  readonly synced: number[];
  /** What `stopwatchMs` says; a test moves it. */
  readonly stopwatch: { ms: number };
  /** The content of the file, latin1. */
  text(path?: string): string;
  /** Operations on the disk since the last call, without the path. */
  operations(): string[];
  open(path: string): DiskFile;
}

/** @param wrap puts something between the writer and its file */
export function createLog(
  options: Partial<AofWriterOptions> = {},
  disk: SimDisk = new SimDisk(),
  wrap: (file: DiskFile) => DiskFile = (file) => file,
): LogFixture {
  const events: unknown[][] = [];
  const synced: number[] = [];
  const stopwatch = { ms: 0 };
  const file = wrap(disk.open(LOG_PATH, 'append'));
  disk.settleAll();
  let seen = disk.operations;
  const writer = new AofWriter({
    file,
    fileSize: file.size(),
    events: recordingEvents(events, synced),
    startedAtMs: 0,
    stopwatchMs: () => stopwatch.ms,
    ...options,
  });
  return {
    disk,
    writer,
    events,
    synced,
    stopwatch,
    text: (path = LOG_PATH) => Buffer.from(disk.readFile(path)).toString('latin1'),
    operations: () => {
      const found = disk.trace.slice(seen).map((label) => label.replace(` ${LOG_PATH}`, ''));
      seen = disk.operations;
      return found;
    },
    open: (path) => disk.open(path, 'append'),
  };
}

function recordingEvents(events: unknown[][], synced: number[]): AofWriterEvents {
  return {
    synced: (bytes) => synced.push(bytes),
    syncDelayed: () => events.push(['syncDelayed']),
    writeFailed: (failure) => events.push(['writeFailed', failure]),
    writeRecovered: () => events.push(['writeRecovered']),
    syncFailed: (reason) => events.push(['syncFailed', reason]),
    syncRecovered: () => events.push(['syncRecovered']),
    fatal: (failure) => events.push(['fatal', failure]),
  };
}

/** Lets what waits for a finished background sync run. */
export async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
