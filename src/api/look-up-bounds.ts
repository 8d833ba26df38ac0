/** Bounds of looking a name up: the resolver can't be stopped, so whoever waits for it goes on without its answer. */
import { addAbortListener, removeAbortListener } from '../base/shared-listeners.js';
import type { Reactor } from '../core/reactor.js';
import { NO_TIMER, type Timer } from '../core/timers.js';
import { IoError } from '../sys/io-error.js';
import { checkSignal } from './arguments.js';
import { checkDelay } from './options.js';
import { settling } from './settling.js';

export interface LookUpBounds {
  /** How long it may take, in milliseconds. Default: as long as the resolver tries. */
  readonly timeoutMs?: number;
  /** Aborting it ends the attempt; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** @param bounds among what else the user gave; `host` of it is for the message. */
export async function withinBounds<T>(
  reactor: Reactor,
  bounds: LookUpBounds & { readonly host?: string },
  lookUp: () => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, host } = bounds;
  if (timeoutMs !== undefined) checkDelay('timeoutMs', timeoutMs);
  checkSignal(signal);
  signal?.throwIfAborted();
  if (timeoutMs === undefined && signal === undefined) return lookUp();
  const { promise, resolve, reject } = settling<T>();
  const onAbort = () => reject(signal!.reason as Error);
  const onTimer = () => {
    const explanation = `no answer of the name server within ${timeoutMs} ms`;
    reject(new IoError('ETIMEDOUT', 'connect', host, explanation));
  };
  let timer: Timer = NO_TIMER;
  reactor.enter(true);
  try {
    if (signal !== undefined) addAbortListener(signal, onAbort);
    if (timeoutMs !== undefined) timer = reactor.arm({ onTimer }, 0, timeoutMs);
    lookUp().then(resolve, reject);
    return await promise;
  } finally {
    if (signal !== undefined) removeAbortListener(signal, onAbort);
    reactor.disarm(timer);
    reactor.leave(true);
  }
}
