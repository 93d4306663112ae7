/**
 * Consumer groups: how far a group has read its stream, and which entries it has delivered without hearing of them again.
 *
 * A pending entry is in two lists, the group's and its consumer's. It is never changed but replaced in both, so that a
 * copy of a group shares the entries with it.
 *
 * Invariants: the lists of a group's consumers have together the entries of the group's list, each in that of the consumer
 * it names, which exists.
 */

import { type Integer64, MIN_STREAM_ID, type StreamId } from './stream-id.ts';
import { IdList } from './stream-id-list.ts';
import { stringBytes } from './string-bytes.ts';

/** The number of entries that a group has read is not known. */
export const UNKNOWN_ENTRIES_READ = -1;

/** An entry that was delivered and not acknowledged. */
export interface PendingEntry extends StreamId {
  /** Its name. */
  readonly consumer: string;
  /** ms since the Unix epoch. */
  readonly deliveredAtMs: number;
  readonly deliveryCount: Integer64;
}

const CONSUMER_BYTES = 200;
const GROUP_BYTES = 300;
const PENDING_BYTES = 120;

export class StreamConsumer {
  readonly name: string;
  /** When it last tried to read or claim, ms since the Unix epoch. */
  seenAtMs: number;
  /** When it last got something; -1 if it never did. */
  activeAtMs: number;
  pending = new IdList<PendingEntry>();

  constructor(name: string, seenAtMs: number, activeAtMs = -1) {
    this.name = name;
    this.seenAtMs = seenAtMs;
    this.activeAtMs = activeAtMs;
  }
}

export class StreamGroup {
  readonly name: string;
  /** The last entry that was delivered. */
  lastId: StreamId;
  /** How many entries lie before that one and it, those included that are gone; or UNKNOWN_ENTRIES_READ. */
  entriesRead: Integer64;
  #pending = new IdList<PendingEntry>();
  readonly #consumers = new Map<string, StreamConsumer>();

  constructor(name: string, lastId: StreamId, entriesRead: Integer64) {
    this.name = name;
    this.lastId = lastId;
    this.entriesRead = entriesRead;
  }

  /** What was delivered to any consumer, to be read only. */
  get pending(): IdList<PendingEntry> {
    return this.#pending;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** The consumers in the order of their names, as bytes. */
  consumers(): StreamConsumer[] {
    return [...this.#consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  consumer(name: string): StreamConsumer | undefined {
    return this.#consumers.get(name);
  }

  /** Adds a consumer, of which there must be none of that name. */
  addConsumer(name: string, seenAtMs: number, activeAtMs?: number): StreamConsumer {
    const consumer = new StreamConsumer(name, seenAtMs, activeAtMs);
    this.#consumers.set(name, consumer);
    return consumer;
  }

  /** Removes a consumer and what is pending for it. */
  removeConsumer({ name, pending }: StreamConsumer): void {
    for (const id of pending.ascending(MIN_STREAM_ID)) this.#pending.delete(id);
    this.#consumers.delete(name);
  }

  /** Notes that an entry was delivered, taking it from the consumer that had it before. `entry.consumer` must exist. */
  deliver(entry: PendingEntry): void {
    const last = this.#pending.last();
    const before = last === undefined || last.ms < entry.ms ? undefined : this.#pending.get(entry);
    if (before !== undefined && before.consumer !== entry.consumer) {
      this.#consumers.get(before.consumer)?.pending.delete(entry);
    }
    this.#pending.set(entry);
    this.#consumers.get(entry.consumer)?.pending.set(entry);
  }

  /** Forgets a pending entry; answers whether there was one. */
  acknowledge(id: StreamId): boolean {
    const entry = this.#pending.delete(id);
    if (entry === undefined) return false;
    this.#consumers.get(entry.consumer)?.pending.delete(id);
    return true;
  }

  clone(): StreamGroup {
    const copy = new StreamGroup(this.name, this.lastId, this.entriesRead);
    copy.#pending = this.#pending.clone();
    for (const [name, consumer] of this.#consumers) {
      copy.addConsumer(name, consumer.seenAtMs, consumer.activeAtMs).pending = consumer.pending.clone();
    }
    return copy;
  }

  memoryBytes(): number {
    let bytes = GROUP_BYTES + stringBytes(this.name.length) + this.#pending.size * PENDING_BYTES;
    for (const name of this.#consumers.keys()) bytes += CONSUMER_BYTES + stringBytes(name.length);
    return bytes;
  }
}
