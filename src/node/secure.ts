/** TLS on a connection: the descriptor becomes Node's, whose `tls` does the handshake and the encryption. */
import type { Socket } from 'node:net';
import {
  connect as connectTls,
  createServer,
  type ConnectionOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { addAbortListener, removeAbortListener } from '../base/shared-listeners.js';
import { checkDelay, checkObject, checkSignal, shown } from '../base/arguments.js';
import { clearTimeout, setTimeout } from '../base/runtime-functions.js';
import { settling } from '../api/settling.js';
import { connect, type ConnectOptions } from '../api/stream/connect.js';
import type { Connection } from '../api/stream/connection.js';
import { IoError } from '../sys/ffi/io-error.js';
import { release } from './release.js';
import { SecureConnection } from './secure-connection.js';
import { tlsFailure, wentAway } from './tls-failure.js';

/** How long a handshake may take, and what aborts it. */
export interface HandshakeOptions {
  /** How long the handshake may take: ETIMEDOUT. Default 30 s; 0 is no bound. */
  readonly handshakeTimeoutMs?: number;
  /** Aborting it before the handshake is over closes the connection, and the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * The server's side: certificate, key, `SNICallback`, `ALPNProtocols`, `requestCert` and all else of
 * `tls.createServer`.
 */
export interface ServerSide {
  readonly role: 'server';
  /** One object for all connections: keys are parsed, and sessions resumed, by it. */
  readonly tls: TlsOptions;
}

/** The client's side: `servername`, `ca`, `cert`, `key`, `ALPNProtocols`, `session` and all else of `tls.connect`. */
export interface ClientSide {
  readonly role: 'client';
  readonly tls?: ConnectionOptions;
}

/** Options of `secure`. */
export type SecureOptions = HandshakeOptions & (ServerSide | ClientSide);

const HANDSHAKE_TIMEOUT_MS = 30_000;
/** When a peer goes away, for messages. */
const DURING = 'during the handshake';

/**
 * Speaks TLS on a connection from here on, also in mid-stream (STARTTLS): bytes that were received and not read belong
 * to the handshake, and those that were sent and are queued go out before it. The connection itself is over, as by
 * `release`.
 *
 *     const secured = await secure(connection, { role: 'server', tls: { key, cert } });
 *     for await (const line of lines(secured)) await secured.write(encodeLine(line));
 *
 * @returns the secure connection, once the handshake is over.
 * @throws (by the promise) TypeError, RangeError: an argument that makes no sense, and what `release` refuses: nothing
 *   has happened. IoError, and the connection is closed: EPROTO: the handshake failed, a certificate is not accepted,
 *   or the peer does not speak TLS, of which `cause` has the code of OpenSSL; ECONNRESET: the peer went away;
 *   ETIMEDOUT. The signal's reason.
 */
export async function secure(connection: Connection, options: SecureOptions): Promise<SecureConnection> {
  checkSecureOptions(options);
  options.signal?.throwIfAborted();
  // Not half-open yet: a peer that ends within the handshake ends it.
  const { reactor } = connection;
  const socket = release(connection);
  const tls = options.role === 'server' ? accept(socket, options.tls) : offer(socket, options.tls ?? {});
  return new SecureConnection(await handshake(socket, tls, options), reactor);
}

/**
 * Connects, and speaks TLS as the client.
 *
 *     const secured = await connectSecure({ host: 'example.org', port: 443, handshakeTimeoutMs: 5_000 });
 *
 * @param options those of `connect`, and `tls` as of `secure`; `tls.servername` is `host` by default.
 * @throws what `connect` and `secure` throw.
 */
export async function connectSecure(
  options: ConnectOptions & HandshakeOptions & { readonly tls?: ConnectionOptions },
): Promise<SecureConnection> {
  checkObject('options', options);
  const { handshakeTimeoutMs, tls = {}, ...plain } = options;
  const { host } = plain as { host?: string };
  const named = host === undefined || 'servername' in tls ? tls : { host, ...tls };
  const side = { role: 'client', tls: named, handshakeTimeoutMs, signal: options.signal } as const;
  checkSecureOptions(side);
  return secure(await connect(plain), side);
}

function checkSecureOptions(options: SecureOptions): void {
  checkObject('options', options);
  const { role, tls, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, signal } = options;
  if (role !== 'server' && role !== 'client') {
    throw new TypeError(`role: ${shown(role)}; allowed: 'server', 'client'`);
  }
  if (role === 'server' || tls !== undefined) checkObject('tls', tls as object);
  checkDelay('handshakeTimeoutMs', handshakeTimeoutMs);
  checkSignal(signal);
}

/** What comes of a handshake: Node's socket, or why there is none. */
type Handshake = Promise<TLSSocket>;

function offer(socket: Socket, options: ConnectionOptions): Handshake {
  const { promise, resolve, reject } = settling<TLSSocket>();
  const tls = connectTls({ ...options, socket });
  tls.once('secureConnect', () => resolve(tls));
  // Whatever breaks it later is heard by who has it then.
  tls.on('error', reject);
  tls.once('close', () => reject(wentAway(DURING)));
  socket.once('close', () => tls.destroy());
  return promise;
}

/** Node's servers, which never listen, by the options that they are for. */
const servers = new WeakMap<TlsOptions, Acceptor>();

function accept(socket: Socket, options: TlsOptions): Handshake {
  let acceptor = servers.get(options);
  if (acceptor === undefined) servers.set(options, (acceptor = new Acceptor(options)));
  return acceptor.accept(socket);
}

/** Sockets are given to one of Node's servers, which so has its say on names, tickets and clients' certificates. */
class Acceptor {
  private readonly server: Server;
  private readonly waiting = new Map<
    unknown,
    { resolve: (tls: TLSSocket) => void; reject: (failure: Error) => void }
  >();

  constructor(options: TlsOptions) {
    this.server = createServer({ ...options, handshakeTimeout: 2 ** 31 - 1 });
    this.server.on('secureConnection', tls => this.take(tls)?.resolve(tls));
    this.server.on('tlsClientError', (error, tls) => this.take(tls)?.reject(error));
  }

  accept(socket: Socket): Handshake {
    const ends = settling<TLSSocket>();
    this.waiting.set(socket, ends);
    socket.once('close', () => {
      this.waiting.delete(socket);
      ends.reject(wentAway(DURING));
    });
    this.server.emit('connection', socket);
    return ends.promise;
  }

  private take(tls: TLSSocket) {
    const { _parent } = tls as unknown as { _parent?: unknown };
    const ends = this.waiting.get(_parent);
    this.waiting.delete(_parent);
    return ends;
  }
}

async function handshake(socket: Socket, tls: Handshake, options: HandshakeOptions): Handshake {
  const { handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, signal } = options;
  const { promise, reject } = settling<never>();
  const abort = (): void => reject(signal!.reason as Error);
  const late = (): void =>
    reject(new IoError('ETIMEDOUT', 'tls', undefined, `no handshake in ${handshakeTimeoutMs} ms`));
  const timer = handshakeTimeoutMs === 0 ? undefined : setTimeout(late, handshakeTimeoutMs);
  if (signal !== undefined) addAbortListener(signal, abort);
  try {
    return await Promise.race([tls, promise]);
  } catch (error) {
    tls.then(
      late => late.destroy(),
      () => {},
    );
    socket.destroy();
    throw signal?.aborted === true && error === signal.reason ? error : tlsFailure(error as Error, DURING);
  } finally {
    clearTimeout(timer);
    if (signal !== undefined) removeAbortListener(signal, abort);
  }
}
