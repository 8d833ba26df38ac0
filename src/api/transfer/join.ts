/** Joining two connections: what comes from one goes to the other, both ways. */
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { nativeRelayCalls, type RelayCalls } from '../../core/transfers/relay/relay-conduits.js';
import {
  Tunnel,
  type DirectionLimits,
  type TunnelAccount,
  type TunnelDirection,
} from '../../core/transfers/relay/tunnel.js';
import {
  bytesAtMost,
  bytesPerSecond,
  callback,
  milliseconds,
  nested,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import type { Connection } from '../stream/connection.js';
import { portOf } from './buffered/buffered-ends.js';
import { BufferedJoin } from './buffered/buffered-join.js';
import { isBuffered, type BufferedEnd } from './buffered/port.js';
import { checkSink } from './transfer-ends.js';
import { startTransfer, TRANSFER_OPTIONS, type Transfer, type TransferOptions } from './transfer.js';

/** Options of `join`. */
export interface JoinOptions extends TransferOptions {
  /**
   * No byte either way for so long, in milliseconds, and both ends are reset. 0, the default, is never. It counts from
   * when both directions can move: what was sent to an end before goes out first.
   */
  readonly idleTimeoutMs?: number;
  /**
   * After the first direction is over: no byte the other way for so long, and both ends are reset. 0, the default, is
   * never. It never touches a tunnel of which both directions are open.
   */
  readonly halfCloseTimeoutMs?: number;
  /** Limits of each direction. */
  readonly limits?: { readonly aToB?: Partial<DirectionLimits>; readonly bToA?: Partial<DirectionLimits> };
  /** Both directions together; also a property of the transfer. Infinity, the default, is no limit. */
  readonly bytesPerSecond?: number;
  /** Told of bytes that the sink took. */
  readonly onBytes?: (direction: TunnelDirection, lengthBytes: number) => void;
}

const DIRECTION_LIMITS = {
  maxBytes: bytesAtMost('no limit', Infinity),
  bytesPerSecond: bytesPerSecond(),
} satisfies OptionTable<DirectionLimits>;

const JOIN_OPTIONS = {
  ...TRANSFER_OPTIONS,
  idleTimeoutMs: milliseconds(0),
  halfCloseTimeoutMs: milliseconds(0),
  limits: nested({ aToB: nested(DIRECTION_LIMITS), bToA: nested(DIRECTION_LIMITS) }),
  onBytes: callback<NonNullable<JoinOptions['onBytes']>>(),
} satisfies OptionTable<JoinOptions>;

/**
 * Joins two connections. Both must be open and not be read by anybody; what `send` has queued on them goes out first.
 *
 * FIN of one end ends the write side of the other, and the other direction goes on. When both directions are over the
 * join resolves and both ends close. When a timeout expires both are reset and the join rejects. When one end breaks,
 * or is closed or destroyed, the other is reset and the join rejects. Cancelled, it rejects too, and both ends stay
 * open: what had been taken from one and not sent to the other yet is in the other's queue, as if it had been sent by
 * `send`.
 *
 * splice(2) through a pipe for large flows on Linux, buffers otherwise, as where an end is a `SecureConnection`;
 * `account` tells.
 *
 * @throws (by the promise, before a byte moves) Error an end is joined or being read; IoError an end is closed or
 *   ended; TypeError an end is no connection, the two are one, or belong to different reactors; RangeError an option
 *   that makes no sense.
 */
export function join(
  a: Connection | BufferedEnd,
  b: Connection | BufferedEnd,
  options: JoinOptions = {},
): Transfer<TunnelAccount> {
  if (!isBuffered(a) && !isBuffered(b)) return joinWith(nativeRelayCalls(), a, b, options);
  return startTransfer({
    engine: new BufferedJoin(),
    table: JOIN_OPTIONS,
    options,
    prepare: values => {
      if (a === b) throw new TypeError('a, b: the same connection; allowed: two');
      return { a: portOf('a', a), b: portOf('b', b), tunnel: tunnelOf(values) };
    },
  });
}

/** @internal `join` with a kernel that the caller gives. */
export function joinWith(
  calls: RelayCalls,
  a: Connection,
  b: Connection,
  options: JoinOptions = {},
): Transfer<TunnelAccount> {
  return startTransfer({
    engine: new Tunnel(a, b, calls),
    table: JOIN_OPTIONS,
    options,
    prepare: values => {
      checkSink('a', a);
      checkSink('b', b);
      if ((a as unknown) === b) throw new TypeError('a, b: the same connection; allowed: two');
      if (a.reactor !== b.reactor) throw new TypeError('a, b: connections of different reactors; allowed: of the same');
      return tunnelOf(values);
    },
  });
}

function tunnelOf({ idleTimeoutMs, halfCloseTimeoutMs, limits, onBytes }: OptionValues<typeof JOIN_OPTIONS>) {
  return { idleTimeoutMs, halfCloseTimeoutMs, ...limits, onBytes: onBytes && scoped(onBytes) };
}

/** In the context of the call, as callbacks of objects are. */
function scoped(onBytes: NonNullable<JoinOptions['onBytes']>): JoinOptions['onBytes'] {
  const scope = new AsyncScope('POLLUX_JOIN');
  return (direction, lengthBytes) => scope.run(onBytes, undefined, direction, lengthBytes);
}
