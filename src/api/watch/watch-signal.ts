/**
 * Signals. With kqueue the kernel counts them for us. On Linux a signalfd would have to be the only one to take a
 * signal, but the runtime has threads of its own that do not block it, and what they take is lost: so the runtime's
 * handler is used there (docs/internals/decisions/0007-signals.md).
 */
import { describeBy } from '../../base/inspection.js';
import os from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { addSignalListener, removeSignalListener } from '../../base/shared-listeners.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkCallback } from '../../base/arguments.js';
import { currentReactor } from '../thread-reactor.js';
import { EventWatch } from './event-watch.js';

/** The kernel lets nobody catch them. */
const UNCATCHABLE: readonly string[] = ['SIGKILL', 'SIGSTOP'];
/** A handler that returns repeats the instruction at fault, for ever. */
const FAULTS: readonly string[] = ['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV'];

/**
 * Watches a signal. As long as it is watched it does not end the process (in the main thread; see below).
 *
 * A worker can watch signals with kqueue only, and there the main thread has to watch the signal too, or ignore it:
 * what a signal does to the process is decided in the main thread.
 *
 * @param onSignal gets how often the signal came since it was last called. A kernel makes one of several that wait.
 * @returns a watch whose events are numbers of deliveries.
 * @throws TypeError a name that is no signal here, or a signal that can't be caught (SIGKILL, SIGSTOP, SIGSEGV and its
 *   kin).
 * @throws IoError ENOTSUP: in a worker, where the system has no kqueue. See signal(7), kqueue(2) (EVFILT_SIGNAL).
 */
export function watchSignal(signal: NodeJS.Signals, onSignal?: (deliveries: number) => void): SignalWatch {
  checkCallback('onSignal', onSignal);
  return new SignalWatch(currentReactor(), signal, signalNumber(signal), onSignal);
}

export class SignalWatch extends EventWatch<number> {
  private unseen = 0;
  private readonly listener: () => void;

  /** @internal Made by `watchSignal`. */
  constructor(
    reactor: Reactor,
    private readonly signal: NodeJS.Signals,
    number: number,
    onSignal: ((deliveries: number) => void) | undefined,
  ) {
    super(reactor, signal, onSignal);
    const { sources } = reactor.driver;
    if (sources.signal === undefined && !isMainThread) {
      const explanation = 'this system brings signals to the main thread only: watch it there, and pass it on';
      throw new IoError('ENOTSUP', 'watch', signal, explanation);
    }
    const source = sources.signal?.(number);
    // Where the kernel counts, the runtime's handler is there only to keep the signal from ending the process.
    this.listener = source === undefined ? () => this.onDelivered() : () => {};
    if (isMainThread) addSignalListener(signal, this.listener);
    this.begin(source);
  }

  /** @internal */
  onDeferred(): void {
    const deliveries = this.unseen;
    this.unseen = 0;
    if (!this.isClosed) this.tell(deliveries);
  }

  protected override onTaken(deliveries: number): void {
    this.tell(deliveries);
  }

  protected override onClosed(): void {
    removeSignalListener(this.signal, this.listener);
  }

  protected override merge(earlier: number, later: number): number {
    return earlier + later;
  }

  private onDelivered(): void {
    if (this.unseen++ === 0) this.reactor.defer(this);
  }
}
describeBy('SignalWatch', SignalWatch.prototype, watch => watch.describe());

function signalNumber(signal: string): number {
  const number = (os.constants.signals as Record<string, number | undefined>)[signal];
  if (number === undefined)
    throw new TypeError(`signal: '${String(signal)}'; allowed: names such as 'SIGUSR2', 'SIGHUP'`);
  if (UNCATCHABLE.includes(signal)) throw new TypeError(`signal: '${signal}' can't be caught by anybody`);
  if (FAULTS.includes(signal)) throw new TypeError(`signal: '${signal}' is a fault of the program, and no event`);
  return number;
}
