/**
 * What the server remembers of one client, with or without a connection.
 *
 * A client belongs to one executor. The transport that carries it implements `ClientLink`.
 */
import type { Database, Key } from '@aof/keyspace';
import { ReplyWriter, type Request } from '@aof/resp-codec';
import type { Command } from './command-table.ts';

/** What a client's transport offers. A client without a connection (loading, in-process) has its own. */
export interface ClientLink {
  /** `127.0.0.1:50412`, `/path/to/socket:0`, or '' */
  readonly address: string;
  /** The server's end. */
  readonly localAddress: string;
  /** File descriptor for CLIENT LIST; -1 where there is none. */
  readonly fd: number;
  /** Bytes received and not yet parsed, and replies not yet taken by the kernel. */
  readonly queryBufferBytes: number;
  readonly outputBufferBytes: number;
  /** Writes replies, in order. Called when they may leave. */
  send(chunks: readonly (string | Uint8Array)[]): void;
  /** Ends the connection: after the replies written so far (`afterReplies`) or at once. */
  close(afterReplies: boolean): void;
  /** The client's suspension has ended: its replies may leave and its next requests run. */
  resume(): void;
}

/** The transport of a client that nobody is connected to. */
export const NO_LINK: ClientLink = {
  address: '',
  localAddress: '',
  fd: -1,
  queryBufferBytes: 0,
  outputBufferBytes: 0,
  send: () => {},
  close: () => {},
  resume: () => {},
};

/** A queued command of a transaction. The request is a copy of its own. */
export interface QueuedCommand {
  readonly command: Command;
  readonly request: Request;
}

/** A key that WATCH watches. `wasExpired`: it had logically expired when it was watched, so its removal is no change. */
export interface WatchedKey {
  readonly db: Database;
  readonly key: Key;
  readonly wasExpired: boolean;
}

/** CLIENT REPLY: `skip-next` answers the command after the one that asked with silence. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip';

export class Client {
  readonly id: number;
  readonly link: ClientLink;
  readonly reply = new ReplyWriter();
  readonly createdAtMs: number;
  lastInteractionMs: number;
  name = '';
  libraryName = '';
  libraryVersion = '';
  userName = 'default';
  isAuthenticated: boolean;
  database: number = 0;
  /** The commands since MULTI, or undefined outside a transaction. */
  queue: QueuedCommand[] | undefined;
  /** A command was refused while queueing: EXEC must abort. */
  queueIsBroken = false;
  /** A watched key has changed: EXEC must do nothing. */
  watchIsBroken = false;
  watched: WatchedKey[] = [];
  replyMode: ReplyMode = 'on';
  /** Set by QUIT, CLIENT KILL and protocol errors: nothing more is executed. */
  isClosing = false;
  /** Its replies wait for the next tick; kept by the engine. */
  isScheduled = false;
  /** Under `always`: it has seen changes since the last tick that are not durable; and how many batches of replies wait. */
  hasSeenUnsynced = false;
  heldReplies = 0;
  /** A command of this client waits for something (a reload, a list to fill): its later requests wait too. */
  isSuspended = false;
  isNoEvict = false;
  isNoTouch = false;
  /** The client that loads the log: never refused, never answered. */
  readonly isLoader: boolean;
  lastCommand = 'NULL';
  commandCount = 0;
  /** Bytes of arguments of the queued commands. */
  queuedBytes = 0;

  constructor(id: number, link: ClientLink, nowMs: number, options: { isAuthenticated: boolean; isLoader?: boolean }) {
    this.id = id;
    this.link = link;
    this.createdAtMs = nowMs;
    this.lastInteractionMs = nowMs;
    this.isAuthenticated = options.isAuthenticated;
    this.isLoader = options.isLoader ?? false;
  }
}

/** On this machine: over the loopback interface, a unix socket, or without a connection. */
export function isLocalClient({ link: { address } }: Client): boolean {
  return address === '' || address.startsWith('127.') || address.startsWith('[::1]') || address.startsWith('/');
}

/** A unix socket has one name, which both its ends go by. */
export function isUnixSocket({ link: { address, localAddress } }: Client): boolean {
  return address !== '' && address === localAddress;
}
