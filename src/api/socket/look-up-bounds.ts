/** Bounds of looking a name up: the resolver can't be stopped, so the caller goes on without its answer. */
import { unlessAborted } from '../../base/unless-aborted.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkObject } from '../../base/arguments.js';
import { abortSignal, milliseconds, type OptionTable } from '../../base/options.js';
import { settling } from '../settling.js';

/** What bounds the look-up of a name. */
export interface LookUpBounds {
  /** How long it may take, in milliseconds. Default: as long as the resolver tries. */
  readonly timeoutMs?: number;
  /** Aborting it ends the attempt; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

export const LOOK_UP_BOUNDS = { timeoutMs: milliseconds(), signal: abortSignal() } satisfies OptionTable<LookUpBounds>;

/** @param bounds among what else the user gave; `host` of it is for the message. */
export async function withinBounds<T>(
  reactor: Reactor,
  bounds: LookUpBounds & { readonly host?: string },
  lookUp: () => Promise<T>,
): Promise<T> {
  checkObject('to', bounds, ": { host, port }, { path }, or the 'from' of a datagram");
  const { timeoutMs, signal, host } = bounds;
  LOOK_UP_BOUNDS.timeoutMs('timeoutMs', timeoutMs);
  LOOK_UP_BOUNDS.signal('signal', signal);
  signal?.throwIfAborted();
  if (timeoutMs === undefined) return unlessAborted(lookUp(), signal);
  const { promise, resolve, reject } = settling<T>();
  const onTimer = () => {
    const explanation = `no answer of the name server within ${timeoutMs} ms`;
    reject(new IoError('ETIMEDOUT', 'connect', host, explanation));
  };
  const timer = reactor.arm({ onTimer }, 0, timeoutMs);
  reactor.enter(true);
  try {
    lookUp().then(resolve, reject);
    return await unlessAborted(promise, signal);
  } finally {
    reactor.disarm(timer);
    reactor.leave(true);
  }
}
