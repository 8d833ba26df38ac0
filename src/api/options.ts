/** Options that listeners, connections and datagram sockets share. */
import { checkInteger } from '../base/arguments.js';
import { anything, boolean, integer, milliseconds, type OptionTable, type OptionValues } from '../base/options.js';

/** Bounds of one connection's queue, shared by all connections of a listener. */
export interface QueueLimits {
  /** `send` answers false, and `write` waits, from this many queued bytes on. Default 64 KiB. */
  readonly highWaterBytes: number;
  /** Back-pressure ends at this many queued bytes. Default 16 KiB. */
  readonly lowWaterBytes: number;
  /** A `send` that would queue more than this is refused. Default 16 MiB. */
  readonly maxQueuedBytes: number;
  /** How long `close` waits for the peer's FIN after its own. Default 2 s. */
  readonly lingerMs: number;
  /** How long `close` waits for the peer to take another byte of what is queued. Default 30 s. */
  readonly closeTimeoutMs: number;
}

/** Socket options that can be given when a connection or a listener is made. */
export interface SocketOptions {
  /** TCP: send small writes at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean;
  /** TCP: probe an idle peer (SO_KEEPALIVE). Default false. */
  readonly keepAlive?: boolean;
  /** SO_SNDBUF in bytes; the kernel may double it, and it is clipped to the system's maximum. */
  readonly sendBufferBytes?: number;
  /** SO_RCVBUF in bytes; as `sendBufferBytes`. */
  readonly receiveBufferBytes?: number;
}

/** What a socket's buffer may have at most, so that the kernel can double it. */
export const MAX_SOCKET_BUFFER_BYTES = 0x3fffffff;

export const QUEUE_LIMITS = {
  highWaterBytes: integer(1, Number.MAX_SAFE_INTEGER, 64 * 1024),
  // Their bounds and defaults depend on `highWaterBytes`: see `queueLimits`.
  lowWaterBytes: anything<number>(),
  maxQueuedBytes: anything<number>(),
  lingerMs: milliseconds(2_000),
  closeTimeoutMs: milliseconds(30_000),
} satisfies OptionTable<QueueLimits>;

export const SOCKET_OPTIONS = {
  noDelay: boolean(),
  keepAlive: boolean(),
  sendBufferBytes: integer(1, MAX_SOCKET_BUFFER_BYTES),
  receiveBufferBytes: integer(1, MAX_SOCKET_BUFFER_BYTES),
} satisfies OptionTable<SocketOptions>;

const LOW_WATER_BYTES = 16 * 1024;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** The limits among the values of a table that has `QUEUE_LIMITS`. @throws RangeError two that do not fit together. */
export function queueLimits(values: OptionValues<typeof QUEUE_LIMITS>): QueueLimits {
  const { highWaterBytes, lingerMs, closeTimeoutMs } = values;
  const { lowWaterBytes = Math.min(LOW_WATER_BYTES, highWaterBytes) } = values;
  const { maxQueuedBytes = Math.max(MAX_QUEUED_BYTES, highWaterBytes) } = values;
  checkInteger('lowWaterBytes', lowWaterBytes, 0, highWaterBytes);
  checkInteger('maxQueuedBytes', maxQueuedBytes, highWaterBytes, Number.MAX_SAFE_INTEGER);
  return { highWaterBytes, lowWaterBytes, maxQueuedBytes, lingerMs, closeTimeoutMs };
}
