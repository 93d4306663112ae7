/**
 * Accepts connections on TCP addresses and a unix socket, and makes a session of each.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { refusalOfConnection } from './connection-refusal.ts';
import type { Engine } from './engine.ts';
import type { Relistening } from './relisten.ts';
import { Session } from './session.ts';

/** Read by all connections in turn: callbacks are synchronous, so nobody sees another's bytes. */
const READ_BUFFER_BYTES = 64 * 1024;

export interface Addresses {
  /** Addresses as `bind` has them; a leading `-` allows one to be missing. Empty: every address. */
  readonly bind: readonly string[];
  /** 0 for one that the system chooses; undefined for none. */
  readonly port: number | undefined;
  readonly backlog: number;
}

export interface ListenOptions extends Addresses {
  readonly unixSocket: string;
  /** Octal mode of the unix socket's file, 0 to leave it. */
  readonly unixSocketMode: number;
}

/** A port or path could not be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  readonly hint: string;

  /** @param isPath `where` is the path of a unix socket, not an address and a port */
  constructor(where: string, cause: NodeJS.ErrnoException, isPath = false) {
    const what = isPath
      ? `Failed opening Unix socket ${where}`
      : `Could not create server TCP listening socket ${where}`;
    super(`${what}: ${cause.code === 'EADDRINUSE' ? 'Address already in use' : cause.message}`, { cause });
    this.code = cause.code ?? 'ELISTEN';
    this.hint =
      cause.code === 'EADDRINUSE'
        ? 'another process listens there: stop it, or choose another port with --port'
        : 'check the options bind, port and unixsocket';
  }
}

interface ConnectionHandle {
  setNoDelay?(on: boolean): void;
  setKeepAlive?(on: boolean, delaySeconds: number): void;
}

type OnConnection = (status: number, handle: ConnectionHandle | undefined) => void;

export class Listener {
  readonly #engine: Engine;
  #tcpServers: Server[] = [];
  #unixServer: Server | undefined;
  #addresses: Addresses = { bind: [], port: undefined, backlog: 0 };
  readonly #sessions = new Set<Session>();
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #unixSocket = '';
  #isClosed = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The port that is listened on, or undefined. */
  get port(): number | undefined {
    const [first] = this.#tcpServers;
    return first === undefined ? undefined : portOf(first);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get sessions(): Iterable<Session> {
    return this.#sessions;
  }

  /** @throws ListenError nothing is listened on then */
  async listen(options: ListenOptions): Promise<void> {
    try {
      await this.#listenTcp(options);
      if (options.unixSocket !== '') {
        removeOldSocket(options.unixSocket);
        const target = { path: options.unixSocket, backlog: options.backlog };
        this.#unixServer = await this.#start(target, options.unixSocket);
        this.#unixSocket = options.unixSocket;
        if (options.unixSocketMode !== 0) chmodSync(options.unixSocket, options.unixSocketMode);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Listens on other addresses; connections stay. Another port is listened on before the former one is let go. Other
   * addresses of the same port may overlap with the former ones (`*` and one of its addresses), so these go first.
   * @throws ListenError it listens where it did
   */
  async relisten(addresses: Addresses): Promise<Relistening> {
    const former = { servers: this.#tcpServers, addresses: this.#addresses };
    const isSamePort = addresses.port === this.port;
    if (isSamePort) closeAll(former.servers);
    const restore = async () => {
      this.#tcpServers = former.servers;
      this.#addresses = former.addresses;
      if (isSamePort) await this.#listenTcp(former.addresses);
    };
    try {
      await this.#listenTcp(addresses);
    } catch (error) {
      await restore();
      throw error;
    }
    return {
      keep: () => {
        if (!isSamePort) closeAll(former.servers);
      },
      revert: () => {
        closeAll(this.#tcpServers);
        return restore();
      },
    };
  }

  /** Stops accepting. Sessions go on until they are destroyed. */
  close(): void {
    this.#isClosed = true;
    closeAll(this.#tcpServers);
    this.#tcpServers = [];
    this.#unixServer?.close();
    this.#unixServer = undefined;
    if (this.#unixSocket !== '') rmSync(this.#unixSocket, { force: true });
    this.#unixSocket = '';
  }

  destroySessions(): void {
    for (const session of this.#sessions) session.destroy();
  }

  /** What is listened on is these addresses, and no others. @throws ListenError what has been opened is closed again */
  async #listenTcp(addresses: Addresses): Promise<void> {
    let { port } = addresses;
    const servers: Server[] = [];
    const hosts = addresses.bind.length === 0 ? ['-::', '0.0.0.0'] : addresses.bind;
    try {
      for (const bound of port === undefined ? [] : hosts) {
        const server = await this.#listenOn(bound, port ?? 0, addresses.backlog);
        if (server === undefined) continue;
        servers.push(server);
        port = portOf(server) ?? port; // port 0: the first address decides for all
      }
    } catch (error) {
      closeAll(servers);
      throw error;
    }
    if (this.#isClosed) return closeAll(servers); // meanwhile
    this.#tcpServers = servers;
    this.#addresses = { ...addresses, port };
  }

  /** Undefined: an optional address that this machine does not have. */
  async #listenOn(bound: string, port: number, backlog: number): Promise<Server | undefined> {
    const isOptional = bound.startsWith('-');
    const named = isOptional ? bound.slice(1) : bound;
    const host = named === '*' ? '0.0.0.0' : named === '::*' ? '::' : named;
    try {
      return await this.#start({ host, port, backlog, ipv6Only: host.includes(':') }, `${named}:${port}`);
    } catch (error) {
      const isMissing = error instanceof ListenError && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(error.code);
      if (!isOptional || !isMissing) throw error;
      return undefined;
    }
  }

  #start(
    target: { path?: string; host?: string; port?: number; backlog: number; ipv6Only?: boolean },
    where: string,
  ): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#acceptSocket(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new ListenError(where, error, target.path !== undefined)));
      server.listen(target, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.#engine.log('warning', `Accepting client connection: ${error.message}`));
        this.#takeHandles(server);
        resolve(server);
      });
    });
  }

  /** Where this Node lets us, accepted handles become sockets that read into the one shared buffer. */
  #takeHandles(server: Server): void {
    const listening = (server as unknown as { _handle?: { onconnection?: OnConnection } | null })._handle; // undocumented, hence untyped
    const standard = listening?.onconnection;
    if (!listening || typeof standard !== 'function') return;
    listening.onconnection = (status, handle) => {
      if (status !== 0 || handle === undefined) return standard.call(listening, status, handle);
      this.#acceptHandle(handle);
    };
  }

  #acceptHandle(handle: ConnectionHandle): void {
    let session: Session | undefined;
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      onread: {
        buffer: this.#readBuffer,
        callback: (length: number, buffer: Buffer) => {
          return session?.receive(buffer, length) ?? true;
        },
      },
    } as unknown as ConstructorParameters<typeof Socket>[0]); // the types know `handle` only as something newer
    handle.setNoDelay?.(true);
    const keepAlive = this.#engine.config.values['tcp-keepalive'];
    if (keepAlive > 0) handle.setKeepAlive?.(true, keepAlive);
    session = this.#admit(socket);
  }

  #acceptSocket(socket: Socket): void {
    socket.setNoDelay(true);
    const keepAlive = this.#engine.config.values['tcp-keepalive'];
    if (keepAlive > 0) socket.setKeepAlive(true, keepAlive * 1000);
    const session = this.#admit(socket);
    if (session === undefined) return;
    socket.on('data', (chunk: Buffer) => {
      if (!session.receive(chunk, chunk.length)) socket.pause();
    });
  }

  #admit(socket: Socket): Session | undefined {
    const engine = this.#engine;
    const refusal = refusalOfConnection(engine, this.#sessions.size, socket.remoteAddress);
    if (refusal !== undefined) {
      socket.on('error', () => socket.destroy());
      socket.end(`-${refusal}\r\n`);
      return undefined;
    }
    const session = new Session(engine, socket, engine.nextClientId(), (closed) => this.#sessions.delete(closed));
    this.#sessions.add(session);
    return session;
  }
}

/** What an earlier process has left behind. @throws ListenError something else has that name: it is left alone */
function removeOldSocket(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) {
    const cause: NodeJS.ErrnoException = new Error('there is a file of that name, which is not a socket');
    cause.code = 'EEXIST';
    throw new ListenError(path, cause, true);
  }
  rmSync(path, { force: true });
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : undefined;
}

function closeAll(servers: readonly Server[]): void {
  for (const server of servers) server.close();
}
