/** Receiving once into memory that the user owns, as a promise that a signal can end. */
import { unlessAborted } from '../../../base/unless-aborted.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { ReceiveInto } from '../../../core/operations/receive-into.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { settling } from '../../settling.js';
import type { ConnectionView } from '../connection-view.js';
import { cancelled } from './connection-parts.js';

/** The inbound half, as one who receives once sees it. */
export interface OnceReceiver {
  readonly connection: ConnectionView;
  /** Whether bytes may still come. */
  readonly isDelivering: boolean;
  /** What a reader is told in place of bytes that were thrown away. */
  readonly lost: Error | undefined;
  takeOut(mostBytes: number): BufferList | undefined;
  needPull(): unknown;
  updateReceiving(): void;
  stopWatching(): void;
  onArrival(lengthBytes: number): void;
  onReceiveEnd(failure: Error | undefined): void;
}

/**
 * @param half nobody else reads from it.
 * @param signal not aborted yet; if it ends the call, no byte is taken.
 * @returns how many bytes came; 0 at the end of the stream.
 */
export function receiveOnce(half: OnceReceiver, bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
  const { connection, lost } = half;
  const unread = lost === undefined ? half.takeOut(bytes.byteLength) : undefined;
  if (unread !== undefined) return Promise.resolve(unread.copyTo(bytes));
  const { failure } = connection;
  if (!half.isDelivering) return failure === undefined ? Promise.resolve(0) : Promise.reject(failure);
  if (lost !== undefined) return Promise.reject(lost);
  half.needPull();
  half.updateReceiving();
  half.stopWatching();
  return nextBytes(half, bytes, signal);
}

function nextBytes(half: OnceReceiver, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
  const { connection } = half;
  const { reactor, descriptor } = connection;
  const { driver } = reactor;
  const { promise, resolve, reject } = settling<number>();
  const settle = (operation: ReceiveInto) => {
    onOver(half, operation);
    if (operation.failure === undefined) resolve(operation.received);
    else reject(operation.failure);
  };
  // If it is taken off, not ended by the signal.
  const refuse = () => reject(connection.failure ?? cancelled('read', descriptor));
  const operation = new ReceiveInto(bytes, driver.counters, settle, refuse);
  if (driver.submit(descriptor, operation)) {
    // Bytes are handed over at once; an end calls the user's handlers, and those never run within this call.
    if (operation.received > 0) settle(operation);
    else reactor.defer({ onDeferred: () => settle(operation) });
  }
  return unlessAborted(promise, signal, () => {
    if (operation.isOver) return false;
    driver.cancel(operation);
    half.updateReceiving();
    return true;
  });
}

/** It is over, well or badly; the promise is told after this. */
function onOver(half: OnceReceiver, { failure, received }: ReceiveInto): void {
  half.updateReceiving();
  if (failure instanceof IoError) half.onReceiveEnd(failure);
  if (failure !== undefined) return;
  half.onArrival(received);
  if (received === 0) half.onReceiveEnd(undefined);
}
