/** The commands that took long, the newest first: SLOWLOG. Only so many are kept, and only the beginning of each. */
import type { Request } from '@aof/resp-codec';
import type { Client } from './client.ts';

const MAX_ARGUMENTS = 32;
const MAX_ARGUMENT_BYTES = 128;
const SECRET_OPTIONS: readonly string[] = ['requirepass', 'masterauth', 'masteruser', 'tls-key-file-pass'];

interface SlowCommand {
  readonly id: number;
  /** Unix time, seconds. */
  readonly timeSec: number;
  readonly durationUs: number;
  /** The first arguments, of each the first bytes. */
  readonly args: readonly string[];
  readonly clientAddress: string;
  readonly clientName: string;
}

export class SlowLog {
  /** slowlog-max-len */
  maxEntries = 128;
  #entries: SlowCommand[] = [];
  #nextId = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** The newest first. */
  newest(count: number): readonly SlowCommand[] {
    return this.#entries.slice(-count || this.#entries.length).reverse();
  }

  clear(): void {
    this.#entries = [];
  }

  add(fullName: string, request: Request, client: Client, times: { readonly nowMs: number; durationUs: number }): void {
    const entry = {
      id: this.#nextId++,
      timeSec: Math.floor(times.nowMs / 1000),
      durationUs: Math.floor(times.durationUs),
      args: shortened(fullName, request),
      clientAddress: client.link.address,
      clientName: client.name,
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.maxEntries) this.#entries.splice(0, this.#entries.length - this.maxEntries);
  }
}

function shortened(fullName: string, request: Request): string[] {
  const { count } = request;
  const shown = count > MAX_ARGUMENTS ? MAX_ARGUMENTS - 1 : count;
  const args: string[] = [];
  for (let i = 0; i < shown; i++) {
    const length = request.length(i);
    const excess = length - MAX_ARGUMENT_BYTES;
    if (isSecret(fullName, request, i)) args.push('(redacted)');
    else if (excess <= 0) args.push(request.latin1(i));
    else {
      const start = request.start(i);
      args.push(`${latin1(request.buffer, start, start + MAX_ARGUMENT_BYTES)}... (${excess} more bytes)`);
    }
  }
  if (shown < count) args.push(`... (${count - shown} more arguments)`);
  return args;
}

/** Users and passwords of AUTH and HELLO, and the values of options that hold one. */
function isSecret(fullName: string, request: Request, i: number): boolean {
  if (fullName === 'auth') return i > 0;
  if (fullName === 'hello') return i > 2 && (request.is(i - 1, 'auth') || request.is(i - 2, 'auth'));
  return fullName === 'config|set' && i > 2 && SECRET_OPTIONS.some((name) => request.is(i - 1, name));
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
