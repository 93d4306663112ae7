/**
 * Turns what an execution unit did into records for the log.
 *
 * A unit is one client command, one EXEC with all it ran, or one round of the server's own work (active expiry). Records
 * gather here in the order of their effects; at the end of the unit they go to the sink, between MULTI and EXEC if there
 * are several and they must be applied together.
 */
import type { Request } from '@aof/resp-codec';
import type { RecordArgument } from './context.ts';

/** Database of a record that must not make the log select one: the MULTI and EXEC around others. */
export const NO_DATABASE = -1;

/** Where records go: the log's buffer, replicas. Called in the order of effects, never while loading. */
export interface PropagationSink {
  /** The RESP bytes `start` to `end` of `bytes`, which may change as soon as the caller's turn ends. */
  appendRaw(database: number, bytes: Uint8Array, start: number, end: number): void;
  appendRecord(database: number, record: readonly RecordArgument[]): void;
}

type Pending =
  | { readonly database: number; readonly record: readonly RecordArgument[] }
  | { readonly database: number; readonly request: Request };

const MULTI: readonly RecordArgument[] = ['MULTI'];
const EXEC: readonly RecordArgument[] = ['EXEC'];

export class Propagation {
  readonly #sink: PropagationSink;
  #pending: Pending[] = [];

  constructor(sink: PropagationSink) {
    this.#sink = sink;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** A record to be written at the end of the unit. */
  add(database: number, record: readonly RecordArgument[]): void {
    this.#pending.push({ database, record });
  }

  /** The request as it came. Its bytes must stay valid until the unit ends. */
  addRequest(database: number, request: Request): void {
    this.#pending.push({ database, request });
  }

  /** The fast way for a unit that consists of one request as it came and nothing else. */
  writeSingle(database: number, request: Request): void {
    this.#sink.appendRaw(database, request.buffer, request.rawStart, request.rawEnd);
  }

  /** Ends the unit. `together`: several records are wrapped, so that loading applies all or none. */
  endUnit(together: boolean): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const wrapped = together && pending.length > 1;
    if (wrapped) this.#sink.appendRecord(NO_DATABASE, MULTI);
    for (const item of pending) {
      if ('record' in item) this.#sink.appendRecord(item.database, item.record);
      else this.writeSingle(item.database, item.request);
    }
    if (wrapped) this.#sink.appendRecord(NO_DATABASE, EXEC);
  }
}
