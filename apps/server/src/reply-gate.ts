/**
 * Where replies wait until they may leave: for the flush of their tick, and under `always` for the sync of all that
 * their clients may have seen.
 *
 * Invariants
 * - Replies of one client leave in order.
 * - Who has seen what is not durable is for `SyncBarrier` to say; where it does not watch, everybody may have.
 * - Nothing leaves between a command and the flush of its records.
 * - Held replies are a queue by log offset; the offsets never shrink, so what is at its head leaves first.
 */
import type { Client } from '@aof/commands';

type Chunks = readonly (string | Uint8Array)[];

/** Takes replies out of the building. */
export type Deliver = (client: Client, chunks: Chunks) => void;

interface Held {
  readonly until: number;
  readonly client: Client;
  readonly chunks: Chunks;
}

export class ReplyGate {
  readonly #deliver: Deliver;
  #scheduled: Client[] = [];
  #spare: Client[] = [];
  #held: Held[] = [];
  #heldFrom = 0;

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  /** `client` has replies, or is about to end: the next `open` is its turn. Returns whether it is the first of a tick. */
  schedule(client: Client): boolean {
    if (client.isScheduled) return false;
    client.isScheduled = true;
    return this.#scheduled.push(client) === 1;
  }

  /** Clients whose replies leave, or wait, at the next `open`. */
  get scheduledCount(): number {
    return this.#scheduled.length;
  }

  get heldCount(): number {
    return this.#held.length - this.#heldFrom;
  }

  /**
   * The records of these replies are flushed: they leave, but for those of clients that have seen what is not durable
   * before `holdUntil`, and for what must not overtake their earlier replies.
   *
   * @param everybodyWaits nobody has watched what clients saw: all of them may have
   */
  open(holdUntil: number, synced: number, everybodyWaits: boolean): void {
    const clients = this.#scheduled;
    if (clients.length === 0) return;
    this.#scheduled = this.#spare;
    const isDurable = synced >= holdUntil;
    for (const client of clients) {
      client.isScheduled = false;
      const chunks = client.reply.take();
      const isFree = isDurable || !(everybodyWaits || client.hasSeenUnsynced);
      if (isFree && client.heldReplies === 0) this.#deliver(client, chunks);
      else {
        client.heldReplies++;
        this.#held.push({ until: holdUntil, client, chunks });
      }
      client.hasSeenUnsynced = false;
    }
    clients.length = 0;
    this.#spare = clients;
  }

  /** Replies that wait for a sync, with those of this tick that will. @param everybodyWaits as for `open` */
  waitingCount(everybodyWaits: boolean): number {
    let count = this.heldCount;
    for (const client of this.#scheduled) if (everybodyWaits || client.hasSeenUnsynced) count++;
    return count;
  }

  /** The log is durable up to here. Answers how many replies have left. */
  synced(offset: number): number {
    const held = this.#held;
    const from = this.#heldFrom;
    let i = from;
    for (let item = held[i]; item !== undefined && item.until <= offset; item = held[++i]) {
      item.client.heldReplies--;
      this.#deliver(item.client, item.chunks);
    }
    this.#heldFrom = i;
    if (i === held.length) {
      this.#held = [];
      this.#heldFrom = 0;
    }
    return i - from;
  }

  /** The log is lost: nobody is told anything any more. */
  discard(): void {
    for (const client of this.#scheduled) client.isScheduled = false;
    this.#scheduled.length = 0;
    this.#held = [];
    this.#heldFrom = 0;
  }
}
