/** Connections in pairs, and the few things that nearly every test does with them. */
import { createHash } from 'node:crypto';
import { adopt, connect, listen } from '../../src/index.js';
import type { BufferList, Connection, ConnectOptions, Listener, ListenOptions, QueueLimits } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { socketpair } from '../../src/sys/socket/socket.js';

export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
}

const tracked = new Set<() => void>();

/** Has `connection` destroyed at the end of the test. */
export function track(connection: Connection): Connection {
  tracked.add(() => connection.destroy());
  return connection;
}

/** Has `end` called at the end of the test; it must not mind having been called before. */
export function atEnd(end: () => void): void {
  tracked.add(end);
}

export function destroyTracked(): void {
  for (const end of tracked) end();
  tracked.clear();
}

/** `listen`, with the listener and its connections closed at the end of the test. */
export async function listening(options: ListenOptions = { host: '127.0.0.1' }): Promise<Listener> {
  const { onConnection } = options;
  const listener = await listen({
    ...options,
    onConnection: onConnection && (connection => onConnection(track(connection))),
  });
  tracked.add(() => void listener.close());
  return listener;
}

export async function connected(options: ConnectOptions): Promise<Connection> {
  return track(await connect(options));
}

/** The port of a listener on TCP. */
export function portOf(listener: Listener): number {
  return listener.port;
}

/** Two ends of a TCP connection over the loopback. */
export async function tcpPair(
  options: { client?: Partial<ConnectOptions>; server?: ListenOptions } = {},
): Promise<Pair> {
  const accepted = settling<Connection>();
  const listener = await listening({ host: '127.0.0.1', ...options.server, onConnection: accepted.resolve });
  const client = await connected({ host: '127.0.0.1', port: portOf(listener), ...options.client });
  const server = await accepted.promise;
  await listener.close();
  return { client, server };
}

/** Two ends of an unnamed Unix stream. */
export function unixPair(limits: Partial<QueueLimits> = {}): Pair {
  const [first, second] = socketpair();
  return { client: track(adopt(first, limits)), server: track(adopt(second, limits)) };
}

/** Sends until the kernel takes no more and something is queued. @returns all bytes given to `send`. */
export function fillUp(connection: Connection, pieceBytes = 256 * 1024): number {
  const piece = new Uint8Array(pieceBytes);
  let given = 0;
  while (connection.queuedBytes === 0) {
    connection.send(piece);
    given += pieceBytes;
  }
  return given;
}

/** Reads to the end of the stream. */
export async function readAll(connection: Connection): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of connection) pieces.push(chunk.toBytes());
  return Buffer.concat(pieces);
}

/** Reads exactly so many bytes; what came behind them in the last chunk would be an error of the test. */
export async function readExactly(connection: Connection, lengthBytes: number): Promise<string> {
  let text = '';
  while (text.length < lengthBytes) {
    const chunk = await connection.read();
    if (chunk === null) throw new Error(`the stream ended after '${text}', ${lengthBytes} bytes were expected`);
    text += chunk.toString('latin1');
  }
  return text;
}

/** The SHA-256 of what goes through, and how much it was. */
export class Digest {
  lengthBytes = 0;
  private readonly hash = createHash('sha256');

  add(bytes: Uint8Array | BufferList): void {
    this.lengthBytes += bytes.length;
    if (bytes instanceof Uint8Array) this.hash.update(bytes);
    else for (const range of bytes) this.hash.update(range);
  }

  toString(): string {
    return `${this.lengthBytes} bytes, ${this.hash.copy().digest('hex')}`;
  }
}

/** The next `count` turns of the loop: for asserting that nothing more comes. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the promise was fulfilled; a rejection was expected');
}

/** Resolves with what `onClose` is told, and counts how often. */
export function closing(connection: Connection): { readonly told: Promise<Error | undefined>; times: number } {
  const { promise, resolve } = settling<Error | undefined>();
  const result = { told: promise, times: 0 };
  connection.onClose = failure => {
    result.times++;
    resolve(failure);
  };
  return result;
}
