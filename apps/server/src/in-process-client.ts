/** A client in the server's own process: requests go in and replies come out without a socket. */
import type { Client, ClientLink } from '@aof/commands';
import { FRAME, ReplyDecoder, type Request } from '@aof/resp-codec';
import type { Engine } from './engine.ts';

export class InProcessClient implements ClientLink {
  readonly address = '';
  readonly localAddress = '';
  readonly fd = -1;
  readonly queryBufferBytes = 0;
  readonly outputBufferBytes = 0;
  readonly #engine: Engine;
  readonly #client: Client;
  readonly #decoder: ReplyDecoder;
  readonly #waiting: ((reply: unknown) => void)[] = [];
  /** Requests that wait for the end of a suspension. */
  #later: Request[] = [];

  /** @param bulk how bulk strings come back */
  constructor(engine: Engine, bulk: 'utf8' | 'bytes') {
    this.#engine = engine;
    this.#decoder = new ReplyDecoder({ bulk });
    this.#client = engine.createClient(this, engine.nextClientId());
    this.#client.isAuthenticated = true;
    this.#client.reply.protocol = 3;
  }

  call(request: Request): Promise<unknown> {
    if (this.#client.isClosing) return Promise.resolve(new Error('ERR the server has ended'));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      // What sockets have brought in before runs before.
      this.#engine.runReceived();
      if (this.#client.isSuspended) this.#later.push(request);
      else this.#execute(request);
    });
  }

  send(chunks: readonly (string | Uint8Array)[]): void {
    for (const chunk of chunks) {
      this.#decoder.feed(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
      while (this.#decoder.next() === FRAME) this.#waiting.shift()?.(this.#decoder.reply);
    }
  }

  resume(): void {
    const later = this.#later;
    this.#later = [];
    for (const request of later) {
      if (this.#client.isSuspended) this.#later.push(request);
      else this.#execute(request);
    }
    this.#engine.scheduleReplies(this.#client);
  }

  close(): void {
    this.#client.isClosing = true;
    this.#engine.removeClient(this.#client);
    for (const resolve of this.#waiting.splice(0)) resolve(new Error('ERR the server has ended'));
  }

  #execute(request: Request): void {
    this.#engine.execute(this.#client, request);
    this.#engine.settle();
    this.#engine.scheduleReplies(this.#client);
  }
}
