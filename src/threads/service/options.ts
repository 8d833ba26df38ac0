/** What a service is made with, checked. */
import { checkDelay, checkObject, checkOptions, checkSignal, type OptionNames, shown } from '../../base/arguments.js';
import { LISTENING_OPTIONS, type ListeningOptions } from '../../api/listening/listening-socket.js';

/**
 * Who accepts. `reuseport`: each worker, on a listener of its own, and the kernel spreads by a hash of the addresses.
 * `exclusive`: each worker, on one listener, of which the kernel wakes one that waits. `acceptor`: the worker that has the
 * runtime, which gives connections out. `combined`: as `acceptor`, and connections that are parked (`connection.park`) wait
 * for whichever worker is free first.
 */
export type AcceptModel = 'reuseport' | 'exclusive' | 'acceptor' | 'combined';
export const ACCEPT_MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

/** What a worker has of a service. */
export interface WorkerLoad {
  /** Its place in the runtime. */
  readonly index: number;
  readonly name: string;
  /** Connections that it was given since the service began, those of workers before it in this place included. */
  readonly accepted: number;
  /** How often a parked connection came here with its next bytes. */
  readonly awakened: number;
  /** Connections that it has open, those that are parked not among them. */
  readonly open: number;
}

/**
 * Chooses the worker that gets a connection.
 *
 * @returns the index in `loads` of the one that gets the next connection.
 */
export type Distribute = (loads: readonly WorkerLoad[]) => number;

const STRATEGIES = ['round-robin', 'least-connections'];

/** Options of `runtime.listen`. */
export interface ServiceOptions extends Omit<ListeningOptions, 'reusePort'> {
  readonly accept: AcceptModel;
  /**
   * `acceptor`, `combined`: who gets a connection. In turn (the default), who has the fewest open, or what a function of yours says,
   * which is called for each connection with the workers that run.
   */
  readonly distribute?: 'round-robin' | 'least-connections' | Distribute;
  /** How long a parked connection may wait for its next bytes, to the second; then it is closed. 0 is for ever. Default 60 s. */
  readonly idleMs?: number;
}

const SERVICE_OPTIONS = {
  ...LISTENING_OPTIONS,
  accept: 'other',
  distribute: 'other',
  idleMs: 'other',
} as const satisfies OptionNames<ServiceOptions>;

/** @throws TypeError an option that makes no sense, named. */
export function checkServiceOptions(options: ServiceOptions): void {
  checkObject('options', options);
  if ('reusePort' in options) throw new TypeError("reusePort: it is what `accept: 'reuseport'` is for");
  checkOptions(options, SERVICE_OPTIONS);
  const { accept, distribute } = options;
  if (!ACCEPT_MODELS.includes(accept)) {
    throw new TypeError(`accept: ${shown(accept)}; allowed: ${ACCEPT_MODELS.join(', ')}`);
  }
  if (accept === 'reuseport' && options.path !== undefined) {
    throw new TypeError("path: accept: 'reuseport' is for TCP; allowed with a path: the others");
  }
  checkDelay('idleMs', options.idleMs ?? 0);
  checkSignal(options.signal);
  if (distribute === undefined) return;
  if (accept !== 'acceptor' && accept !== 'combined') {
    throw new TypeError(`distribute: it is for accept: 'acceptor' and 'combined', not '${accept}'`);
  }
  if (typeof distribute !== 'function' && !STRATEGIES.includes(distribute)) {
    throw new TypeError(`distribute: ${shown(distribute)}; allowed: ${STRATEGIES.join(', ')}, a function`);
  }
}
