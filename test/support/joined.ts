/** Two pairs of connections with their inner ends joined, as a proxy has them. */
import { randomFillSync } from 'node:crypto';
import type { Connection } from '../../src/index.js';
import { joinWith, type JoinOptions } from '../../src/api/transfer/join.js';
import { settling } from '../../src/api/settling.js';
import type { Transfer } from '../../src/api/transfer/transfer.js';
import { nativeRelayCalls, type RelayCalls } from '../../src/core/transfers/relay/relay-conduits.js';
import type { TunnelAccount } from '../../src/core/transfers/relay/tunnel.js';
import { Digest, tcpPair, unixPair, type Pair } from './sockets.js';

export type Kind = 'TCP' | 'Unix';

export interface Joined {
  /** The outer ends, where the test is. */
  readonly left: Connection;
  readonly right: Connection;
  /** The inner ones. */
  readonly a: Connection;
  readonly b: Connection;
}

export interface RunningJoin extends Joined {
  readonly transfer: Transfer<TunnelAccount>;
}

export function pairOf(kind: Kind): Promise<Pair> {
  return kind === 'TCP' ? tcpPair() : Promise.resolve(unixPair());
}

export async function twoPairs(leftKind: Kind = 'TCP', rightKind: Kind = leftKind): Promise<Joined> {
  const first = await pairOf(leftKind);
  const second = await pairOf(rightKind);
  return { left: first.client, a: first.server, b: second.client, right: second.server };
}

export async function joined(
  options: JoinOptions = {},
  kind: Kind = 'TCP',
  calls: RelayCalls = nativeRelayCalls(),
): Promise<RunningJoin> {
  const ends = await twoPairs(kind);
  return { ...ends, transfer: joinWith(calls, ends.a, ends.b, options) };
}

const random = randomFillSync(new Uint8Array(1 << 20));

/** Bytes of a stream that has no two equal places near each other. They hold until the next call. */
export function streamBytes(position: number, lengthBytes: number): Uint8Array {
  const start = (position * 7919) % (random.length - lengthBytes);
  return random.subarray(start, start + lengthBytes);
}

/** Sends so many bytes, as fast as they are taken. @returns what was sent. */
export async function sendStream(connection: Connection, lengthBytes: number, pieceBytes = 64 * 1024): Promise<Digest> {
  const sent = new Digest();
  while (sent.lengthBytes < lengthBytes) {
    const bytes = streamBytes(sent.lengthBytes, Math.min(pieceBytes, lengthBytes - sent.lengthBytes));
    sent.add(bytes);
    await connection.write(bytes);
  }
  return sent;
}

/** Receives to the end of the stream, which may be a reset. */
export function receiveStream(connection: Connection): Promise<Digest> {
  const received = new Digest();
  const { promise, resolve } = settling<Digest>();
  connection.onData = chunk => received.add(chunk);
  connection.onEnd = () => resolve(received);
  const { onClose } = connection;
  connection.onClose = failure => {
    onClose?.(failure);
    resolve(received);
  };
  return promise;
}
