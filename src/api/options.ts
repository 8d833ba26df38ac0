/** Options of listeners and connections, their defaults, and the checks that say what was wrong and what is allowed. */
import { checkDelay, checkInteger, type OptionNames } from '../base/arguments.js';

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
  /** SO_SNDBUF in bytes; the kernel may double or clip it. */
  readonly sendBufferBytes?: number;
  /** SO_RCVBUF in bytes; the kernel may double or clip it. */
  readonly receiveBufferBytes?: number;
}

export const QUEUE_LIMITS = {
  highWaterBytes: 'other',
  lowWaterBytes: 'other',
  maxQueuedBytes: 'other',
  lingerMs: 'other',
  closeTimeoutMs: 'other',
} as const satisfies OptionNames<QueueLimits>;

export const SOCKET_OPTIONS = {
  noDelay: 'boolean',
  keepAlive: 'boolean',
  sendBufferBytes: 'other',
  receiveBufferBytes: 'other',
} as const satisfies OptionNames<SocketOptions>;

const DEFAULTS: QueueLimits = {
  highWaterBytes: 64 * 1024,
  lowWaterBytes: 16 * 1024,
  maxQueuedBytes: 16 * 1024 * 1024,
  lingerMs: 2_000,
  closeTimeoutMs: 30_000,
};

/** @throws RangeError naming the option that makes no sense. */
export function queueLimits(options: Partial<QueueLimits>): QueueLimits {
  // Before anything is reckoned with it.
  checkInteger('highWaterBytes', options.highWaterBytes ?? DEFAULTS.highWaterBytes, 1, Number.MAX_SAFE_INTEGER);
  const limits: QueueLimits = {
    highWaterBytes: options.highWaterBytes ?? DEFAULTS.highWaterBytes,
    lowWaterBytes:
      options.lowWaterBytes ?? Math.min(DEFAULTS.lowWaterBytes, options.highWaterBytes ?? DEFAULTS.highWaterBytes),
    maxQueuedBytes: options.maxQueuedBytes ?? Math.max(DEFAULTS.maxQueuedBytes, options.highWaterBytes ?? 0),
    lingerMs: options.lingerMs ?? DEFAULTS.lingerMs,
    closeTimeoutMs: options.closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
  };
  checkInteger('lowWaterBytes', limits.lowWaterBytes, 0, limits.highWaterBytes);
  checkInteger('maxQueuedBytes', limits.maxQueuedBytes, limits.highWaterBytes, Number.MAX_SAFE_INTEGER);
  checkDelay('lingerMs', limits.lingerMs);
  checkDelay('closeTimeoutMs', limits.closeTimeoutMs);
  return limits;
}
