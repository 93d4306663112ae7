/** A connection that sends commands as RESP and gives back decoded replies; and one that counts on nothing: raw text. */
import { connect, type Socket } from 'node:net';
import { encodeCommand, FRAME, ReplyDecoder, type ReplyValue } from '@aof/resp-codec';

export class RawClient {
  readonly #socket: Socket;
  readonly #decoder = new ReplyDecoder({ bulk: 'latin1' });
  readonly #waiting: { resolve(reply: ReplyValue): void; reject(error: Error): void }[] = [];
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#decoder.feed(chunk);
      while (this.#decoder.next() === FRAME) this.#waiting.shift()?.resolve(this.#decoder.reply);
    });
    socket.on('error', () => undefined); // `close` follows
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection was closed'));
        resolve();
      });
    });
  }

  /** @param where a unix socket's path or a port of this machine */
  static open(where: string | number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** One command; rejects when the connection ends before its reply. */
  call(...args: readonly (string | Uint8Array)[]): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encodeCommand(args));
    });
  }

  /** Bytes as they are. */
  write(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Stops reading: replies pile up at the server. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}
