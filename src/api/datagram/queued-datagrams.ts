/** Datagrams that wait to be sent, as they travel to another thread with their socket. */
import { deserialize, serialize } from 'node:v8';
import type { OutgoingDatagram } from '../../core/operations/send-datagrams.js';
import type { Address } from '../../sys/socket/sockaddr.js';

export interface QueuedDatagram {
  readonly bytes: Uint8Array;
  /** Undefined for the connected peer. */
  readonly to: Address | undefined;
}

/** In order. One whose memory was transferred meanwhile can't go, and its sender is told so. */
export function packDatagrams(waiting: readonly OutgoingDatagram[]): Uint8Array {
  const packed: QueuedDatagram[] = [];
  for (const { bytes, to, settle } of waiting) {
    try {
      packed.push({ bytes: bytes.toBytes(), to });
    } catch (error) {
      settle(error as Error);
    } finally {
      bytes.release();
    }
  }
  return packed.length === 0 ? new Uint8Array(0) : serialize(packed);
}

export function unpackDatagrams(bytes: Uint8Array): QueuedDatagram[] {
  return bytes.length === 0 ? [] : (deserialize(bytes) as QueuedDatagram[]);
}
