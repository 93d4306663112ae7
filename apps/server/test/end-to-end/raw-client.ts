/** A connection that sends commands, or any bytes, and gives back decoded replies. */
import { connect, type Socket } from 'node:net';
import { encodeCommand, FRAME, ReplyDecoder, type ReplyValue } from '@aof/resp-codec';

export class RawClient {
  readonly #socket: Socket;
  readonly #decoder = new ReplyDecoder({ bulk: 'latin1' });
  readonly #waiting: { resolve(reply: ReplyValue): void; reject(error: Error): void }[] = [];
  /** Replies that nobody has asked for yet. */
  readonly #early: ReplyValue[] = [];
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#decoder.feed(chunk);
      while (this.#decoder.next() === FRAME) {
        const { reply } = this.#decoder;
        const next = this.#waiting.shift();
        if (next === undefined) this.#early.push(reply);
        else next.resolve(reply);
      }
    });
    socket.on('error', () => undefined); // `close` follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection was closed'));
        resolve();
      });
    });
  }

  /** @param where a unix socket's path or a port */
  static open(where: string | number, host = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = typeof where === 'string' ? connect(where) : connect(where, host);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** One command; rejects when the connection ends before its reply. */
  call(...args: readonly (string | Uint8Array)[]): Promise<ReplyValue> {
    this.#socket.write(encodeCommand(args));
    return this.received();
  }

  /** The next reply, to whatever was written. */
  received(): Promise<ReplyValue> {
    if (this.#early.length > 0) return Promise.resolve(this.#early.shift() ?? null);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Bytes as they are. */
  write(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Stops reading: replies pile up at the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will be written. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
