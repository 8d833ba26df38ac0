/**
 * One listener for each AbortSignal, and one for each signal of the process, however many wait for it: so one
 * AbortSignal serves ten thousand transfers, and one signal many watches, without Node's warning of a leak, and
 * nothing is left when the last has gone.
 */
import process from 'node:process';
import { queueMicrotask } from './runtime-functions.js';

type Listener = () => void;

/** Those who wait for one thing, called in the order in which they came. */
class Crowd {
  private readonly listeners = new Set<Listener>();

  get isEmpty(): boolean {
    return this.listeners.size === 0;
  }

  add(listener: Listener): void {
    this.listeners.add(listener);
  }

  delete(listener: Listener): void {
    this.listeners.delete(listener);
  }

  /** Also those that come later are called, if they come from within; those that go are not. */
  readonly call = (): void => {
    for (const listener of this.listeners) {
      try {
        listener();
      } catch (error) {
        // The others are not to miss it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
}

const aborts = new WeakMap<AbortSignal, Crowd>();
const signals = new Map<NodeJS.Signals, Crowd>();

/** @param listener called when the signal is aborted; nothing if it is already. */
export function addAbortListener(signal: AbortSignal, listener: Listener): void {
  let crowd = aborts.get(signal);
  if (crowd === undefined) aborts.set(signal, (crowd = new Crowd()));
  if (crowd.isEmpty) signal.addEventListener('abort', crowd.call);
  crowd.add(listener);
}

export function removeAbortListener(signal: AbortSignal, listener: Listener): void {
  const crowd = aborts.get(signal);
  if (crowd === undefined || crowd.isEmpty) return;
  crowd.delete(listener);
  if (crowd.isEmpty) signal.removeEventListener('abort', crowd.call);
}

/** As long as there is a listener the signal does not end the process. */
export function addSignalListener(signal: NodeJS.Signals, listener: Listener): void {
  let crowd = signals.get(signal);
  if (crowd === undefined) signals.set(signal, (crowd = new Crowd()));
  if (crowd.isEmpty) process.on(signal, crowd.call);
  crowd.add(listener);
}

export function removeSignalListener(signal: NodeJS.Signals, listener: Listener): void {
  const crowd = signals.get(signal);
  if (crowd === undefined || crowd.isEmpty) return;
  crowd.delete(listener);
  if (crowd.isEmpty) process.off(signal, crowd.call);
}
