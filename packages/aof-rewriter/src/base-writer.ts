/** The form of a base: what turns the data set of a snapshot into the bytes of a file. */
import type { BaseFormat } from '@aof/aof-files';
import type { SnapshotSink } from '@aof/keyspace';
import type { BaseOutput } from './base-output.ts';

/** Writes one base. `begin`, then values in any order, then `end`. */
export interface BaseWriter extends SnapshotSink {
  readonly format: BaseFormat;
  /** Writes what comes before the first value. */
  begin(): void;
  /** Writes what comes after the last. */
  end(): void;
}

/** Makes the writer of one base. @param nowMs wall clock of the cut, ms since the Unix epoch */
export type BaseWriterFactory = (output: BaseOutput, nowMs: number) => BaseWriter;
