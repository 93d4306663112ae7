/**
 * One connection: bytes in, requests to the engine, replies out when the engine lets them leave.
 *
 * Invariants
 * - Requests of a connection run in order, and none runs while the client is suspended or closing.
 * - Replies are written only by `send`, which the engine calls after the log was flushed.
 */
import type { Socket } from 'node:net';
import type { Client, ClientLink } from '@aof/commands';
import { FRAME, PROTOCOL_ERROR, RequestDecoder } from '@aof/resp-codec';
import { isHttp, reportHttp } from './cross-protocol.ts';
import type { Engine } from './engine.ts';
import type { Receiver } from './intake.ts';
import { type DirectWriter, directWriter, handleOf } from './stream-handle.ts';

/** Bytes of requests that are kept for a client that waits; what it sends beyond stays in the network. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class Session implements ClientLink, Receiver {
  readonly client: Client;
  readonly address: string;
  readonly localAddress: string;
  readonly fd: number;
  readonly #engine: Engine;
  readonly #socket: Socket;
  readonly #decoder: RequestDecoder;
  readonly #direct: DirectWriter | undefined;
  readonly #onClosed: (session: Session) => void;
  /** Replies that wait for the kernel to take an earlier one. */
  #waiting: (string | Uint8Array)[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isEnding = false;
  /** Reading has stopped until the client's wait is over. */
  #isPaused = false;
  #isGone = false;
  /** Since when the output buffer has been over its soft limit, ms; undefined while it is under it. */
  #overSoftLimitSinceMs: number | undefined;

  constructor(engine: Engine, socket: Socket, id: number, onClosed: (session: Session) => void) {
    this.#engine = engine;
    this.#socket = socket;
    this.#onClosed = onClosed;
    const path = isUnixSocket(socket) ? engine.config.values.unixsocket : undefined;
    this.address = path === undefined ? hostAndPort(socket.remoteAddress, socket.remotePort) : `${path}:0`;
    this.localAddress = path === undefined ? hostAndPort(socket.localAddress, socket.localPort) : `${path}:0`;
    this.fd = handleOf(socket)?.fd ?? -1;
    this.client = engine.createClient(this, id);
    this.#decoder = new RequestDecoder(engine.limitsOf(this.client));
    this.#direct = directWriter(socket, (failed) => this.#drained(failed));
    engine.log('verbose', `Accepted ${this.address}`);
    socket.on('error', () => this.#broken());
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#closed());
    if (this.#direct === undefined) socket.on('drain', () => this.#drained(false));
  }

  get queryBufferBytes(): number {
    return this.#decoder.bufferedBytes;
  }

  get outputBufferBytes(): number {
    return this.client.reply.byteLength + this.#waitingBytes + this.#socket.writableLength;
  }

  /**
   * Takes `length` bytes from a buffer that is reused as soon as this returns.
   *
   * @returns false if nothing more may be read for now: the client waits and has sent more than is kept for it
   */
  receive(buffer: Buffer, length: number): boolean {
    this.#engine.statistics.netInputBytes += length;
    this.#engine.statistics.readsProcessed++;
    if (this.#isEnding) return true;
    if (!this.client.isSuspended && this.#engine.receiveLater(this, buffer, length)) return true;
    this.#engine.runReceived();
    this.take(buffer, 0, length);
    this.#engine.settle();
    this.#isPaused = this.client.isSuspended && this.#decoder.bufferedBytes > MAX_WAITING_BYTES;
    return !this.#isPaused;
  }

  /** Runs the requests in a part of a chunk, see Intake. */
  take(chunk: Uint8Array, start: number, end: number): void {
    if (this.#isEnding) return;
    const hadUnfinished = this.#decoder.bufferedBytes > 0;
    this.#decoder.feed(chunk, start, end);
    this.#run();
    // A request that came in several chunks lies in the decoder's own memory, which the next chunk may overwrite before the tick.
    if (hadUnfinished) this.#engine.appendLog.settle();
  }

  resume(): void {
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    this.#run();
    this.#engine.settle();
    this.#engine.scheduleReplies(this.client);
  }

  /** Writes replies, in order. Called by the engine when they may leave. */
  send(chunks: readonly (string | Uint8Array)[]): void {
    if (this.#isGone) return;
    this.#engine.statistics.writesProcessed++;
    for (const chunk of chunks) {
      this.#engine.statistics.netOutputBytes += chunk.length;
      if (this.#isWriting) {
        this.#waiting.push(chunk);
        this.#waitingBytes += chunk.length;
      } else this.#write(chunk);
    }
    if (this.#isEnding) this.#endWhenWritten();
    else if (this.#isWriting) this.enforceOutputLimit();
  }

  close(afterReplies: boolean): void {
    this.client.isClosing = true;
    this.#isEnding = true;
    if (!afterReplies) return this.destroy();
    this.#engine.scheduleReplies(this.client);
  }

  destroy(): void {
    this.client.isClosing = true;
    this.#isEnding = true;
    this.#socket.destroy();
  }

  /** Closes a client that does not read its replies, by `client-output-buffer-limit`. */
  enforceOutputLimit(): void {
    const bytes = this.outputBufferBytes;
    const { hardBytes, softBytes, softSeconds } = this.#engine.outputLimit('normal');
    const nowMs = this.#engine.clock.nowMs();
    if (softBytes === 0 || bytes <= softBytes) this.#overSoftLimitSinceMs = undefined;
    else this.#overSoftLimitSinceMs ??= nowMs;
    const since = this.#overSoftLimitSinceMs;
    const isOver = (hardBytes > 0 && bytes > hardBytes) || (since !== undefined && nowMs - since > softSeconds * 1000);
    if (!isOver) return;
    this.#engine.log(
      'warning',
      `Client id=${this.client.id} addr=${this.address} closed for overcoming of output buffer limits.`,
    );
    this.#engine.statistics.outputLimitDisconnections++;
    this.destroy();
  }

  #run(): void {
    const { client } = this;
    const decoder = this.#decoder;
    while (!client.isSuspended && !client.isClosing) {
      decoder.limits = this.#engine.limitsOf(client);
      const outcome = decoder.next();
      if (outcome === FRAME) {
        if (isHttp(decoder.request)) {
          reportHttp(this.#engine, this.address);
          return this.destroy();
        }
        this.#engine.execute(client, decoder.request);
      } else {
        if (outcome === PROTOCOL_ERROR) this.#protocolError();
        break;
      }
    }
    // The bytes of requests that must wait outlive the shared buffer they came in.
    if (client.isSuspended) decoder.retain();
    if (client.isClosing) this.#isEnding = true;
    if (client.reply.byteLength > 0 || this.#isEnding) this.#engine.scheduleReplies(client);
  }

  #protocolError(): void {
    const { client } = this;
    const text = this.#decoder.error?.message ?? 'Protocol error';
    this.#engine.log('verbose', `Protocol error (${text}) from client: id=${client.id} addr=${this.address}`);
    client.reply.error(`ERR ${text}`);
    client.isClosing = true;
  }

  #write(chunk: string | Uint8Array): void {
    if (this.#direct === undefined) {
      const isTaken = typeof chunk === 'string' ? this.#socket.write(chunk, 'latin1') : this.#socket.write(chunk);
      this.#isWriting = !isTaken;
      return;
    }
    const outcome = this.#direct.write(chunk);
    if (outcome === 'pending') this.#isWriting = true;
    else if (outcome === 'failed') this.destroy();
  }

  #drained(failed: boolean): void {
    this.#isWriting = false;
    if (failed) return this.destroy();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    let next = 0;
    while (next < waiting.length && !this.#isWriting && !this.#isGone) this.#write(waiting[next++] ?? '');
    for (; next < waiting.length; next++) {
      const chunk = waiting[next] ?? '';
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
    if (this.#isEnding) this.#endWhenWritten();
  }

  #endWhenWritten(): void {
    const { reply, heldReplies } = this.client;
    if (!this.#isWriting && reply.byteLength === 0 && heldReplies === 0) this.#socket.end();
  }

  /** What the peer has sent before is not taken back. */
  #broken(): void {
    this.#engine.runReceived();
    this.destroy();
  }

  /** The peer has sent its last byte: what it asked is answered, then the connection ends. */
  #ended(): void {
    this.#engine.runReceived();
    this.#isEnding = true;
    this.client.isClosing = true;
    this.#engine.scheduleReplies(this.client);
  }

  #closed(): void {
    this.#isGone = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.client.isClosing = true;
    this.#engine.log('verbose', `Client closed connection id=${this.client.id} addr=${this.address}`);
    this.#engine.removeClient(this.client);
    this.#onClosed(this);
  }
}

function hostAndPort(host: string | undefined, port: number | undefined): string {
  const name = host?.startsWith('::ffff:') ? host.slice(7) : (host ?? '?');
  return name.includes(':') ? `[${name}]:${port ?? 0}` : `${name}:${port ?? 0}`;
}

function isUnixSocket(socket: Socket): boolean {
  return !('address' in socket.address());
}
