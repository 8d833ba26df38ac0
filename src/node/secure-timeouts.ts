/** The timeouts of a secure connection: those of a Connection, on Node's timers. */
import type { TLSSocket } from 'node:tls';
import { SendProgress } from '../core/operations/send-progress.js';
import type { AsyncScope } from '../core/reactor/async-scope.js';
import { Timeouts, type TimeoutKind } from '../api/stream/parts/timeouts.js';
import { IoError } from '../sys/ffi/io-error.js';
import { NodeTimers } from './node-timers.js';
import { descriptorOf } from './tls-handle.js';

export interface TimedConnection {
  readonly tlsSocket: TLSSocket;
  readonly scope: AsyncScope;
  readonly isClosed: boolean;
  readonly bytesSent: number;
  readonly onTimeout: ((kind: TimeoutKind) => void) | undefined;
  destroy(failure: Error): void;
}

const SILENCE = { idle: 'no byte either way', read: 'no byte received', write: 'the peer took no byte' } as const;

/** An expired one destroys the connection, unless its user is told of it. */
export function timeoutsOf(connection: TimedConnection): Timeouts {
  const progress = new SendProgress();
  const hasProgressed = (): boolean => {
    const { isClosed, tlsSocket, bytesSent } = connection;
    const ownFd = descriptorOf(tlsSocket);
    return ownFd >= 0 && progress.look({ isClosed, isSocket: true, ownFd }, bytesSent);
  };
  const expired = (kind: TimeoutKind): void => {
    const { scope, onTimeout } = connection;
    if (onTimeout !== undefined) return scope.run(onTimeout, undefined, kind);
    const explanation = `${SILENCE[kind]} for as long as setTimeouts allows`;
    connection.destroy(new IoError('ETIMEDOUT', kind, 'TLS', explanation));
  };
  return new Timeouts(new NodeTimers(), hasProgressed, expired);
}
