/** Receiving once into memory of the user's, as a promise that a signal can end. */
import { unlessAborted } from '../../../base/unless-aborted.js';
import type { Descriptor } from '../../../core/operations/operation.js';
import { ReceiveInto } from '../../../core/operations/receive-into.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { settling } from '../../settling.js';

export interface ReceivingOnce {
  readonly bytes: Uint8Array;
  /** Not aborted yet. */
  readonly signal: AbortSignal | undefined;
  /** It is over, well or badly; the promise is told after this. */
  readonly onOver: (operation: ReceiveInto) => void;
  /** The signal ended it: no byte was taken. */
  readonly onLeft: () => void;
  /** What the promise is told if the operation was taken off. */
  readonly refusal: () => Error;
}

/** @returns how many bytes came; 0 at the end of the stream. */
export function receiveOnce(reactor: Reactor, descriptor: Descriptor, once: ReceivingOnce): Promise<number> {
  const { driver } = reactor;
  const { bytes, signal, onOver, onLeft, refusal } = once;
  const { promise, resolve, reject } = settling<number>();
  const settle = (operation: ReceiveInto) => {
    onOver(operation);
    if (operation.failure === undefined) resolve(operation.received);
    else reject(operation.failure);
  };
  const operation = new ReceiveInto(bytes, driver.counters, settle, () => reject(refusal()));
  if (driver.submit(descriptor, operation)) {
    // Bytes are handed over at once; an end calls handlers of the user's, and those never run within this call.
    if (operation.received > 0) settle(operation);
    else reactor.defer({ onDeferred: () => settle(operation) });
  }
  return unlessAborted(promise, signal, () => {
    if (operation.isOver) return false;
    driver.cancel(operation);
    onLeft();
    return true;
  });
}
