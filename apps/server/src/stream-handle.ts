/**
 * The shortest ways through Node's sockets, where this Node has them: one read buffer shared by all connections, and
 * replies written as latin1 straight to the handle. Neither has a public door for accepted sockets, so both are
 * looked for and never taken for granted; `net.Socket`'s own ways are the fallback.
 */
import type { Socket } from 'node:net';

/** The part of a libuv stream handle that is used. */
export interface StreamHandle {
  readonly fd: number;
  writeLatin1String(request: object, text: string): number;
  writeBuffer(request: object, bytes: Uint8Array): number;
}

interface WriteRequest {
  oncomplete: ((status: number) => void) | undefined;
  handle: StreamHandle | undefined;
  /** Keeps the bytes of an asynchronous write alive: libuv reads them after the call has returned. */
  buffer: Uint8Array | undefined;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
  readonly streamBaseState: Int32Array;
}

const binding = findBinding();

function findBinding(): StreamBinding | undefined {
  try {
    const { binding: load } = process as unknown as { binding?: (name: string) => unknown }; // undocumented, hence untyped
    const found = load?.('stream_wrap') as Partial<StreamBinding> | undefined; // every part is checked below
    if (
      typeof found?.WriteWrap === 'function' &&
      typeof found.kBytesWritten === 'number' &&
      typeof found.kLastWriteWasAsync === 'number' &&
      found.streamBaseState instanceof Int32Array
    ) {
      return found as StreamBinding;
    }
  } catch {
    // This Node keeps its bindings to itself: the fallback serves.
  }
  return undefined;
}

/** What became of a write: all taken by the kernel, on its way, or the connection is broken. */
export type WriteOutcome = 'done' | 'pending' | 'failed';

/** Writes to one connection, in order. After `pending` nothing may be written until `onDrained`. */
export interface DirectWriter {
  write(chunk: string | Uint8Array): WriteOutcome;
}

/** A writer straight to the socket's handle, or undefined where this Node does not offer it. */
export function directWriter(socket: Socket, onDrained: (failed: boolean) => void): DirectWriter | undefined {
  const handle = handleOf(socket);
  if (binding === undefined || handle === undefined) return undefined;
  return new HandleWriter(binding, handle, onDrained);
}

/** The libuv handle of a socket, if it has the methods that are needed. */
export function handleOf(socket: Socket): StreamHandle | undefined {
  const handle = (socket as unknown as { _handle?: Partial<StreamHandle> | null })._handle; // undocumented, hence untyped
  if (typeof handle?.writeLatin1String !== 'function' || typeof handle.writeBuffer !== 'function') return undefined;
  return handle as StreamHandle;
}

class HandleWriter implements DirectWriter {
  readonly #binding: StreamBinding;
  readonly #handle: StreamHandle;
  readonly #onDrained: (failed: boolean) => void;
  /** Reused as long as writes end at once; one that goes asynchronous keeps its own. */
  #request: WriteRequest;

  constructor(streamBinding: StreamBinding, handle: StreamHandle, onDrained: (failed: boolean) => void) {
    this.#binding = streamBinding;
    this.#handle = handle;
    this.#onDrained = onDrained;
    this.#request = new streamBinding.WriteWrap();
  }

  write(chunk: string | Uint8Array): WriteOutcome {
    const request = this.#request;
    const handle = this.#handle;
    const status =
      typeof chunk === 'string' ? handle.writeLatin1String(request, chunk) : handle.writeBuffer(request, chunk);
    if (status !== 0) return 'failed';
    const { streamBaseState, kLastWriteWasAsync } = this.#binding;
    if (streamBaseState[kLastWriteWasAsync] === 0) return 'done';
    request.handle = handle;
    // A string's rest was copied; bytes are read where they are.
    request.buffer = typeof chunk === 'string' ? undefined : chunk;
    request.oncomplete = (completed) => this.#onDrained(completed !== 0);
    this.#request = new this.#binding.WriteWrap();
    return 'pending';
  }
}
