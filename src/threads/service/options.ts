/** What a service is made with, checked. */
import { checkObject, checkOneOf, shown } from '../../base/arguments.js';
import { milliseconds, optional, required, valuesOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { LISTENING_OPTIONS, type ListeningOptions } from '../../api/listening/listening-socket.js';

/**
 * Which thread accepts. `reuseport`: each worker, on a listener of its own, and the kernel spreads by a hash of the
 * addresses. `exclusive`: each worker, on one listener, of which the kernel wakes one that waits. `acceptor`: the
 * worker that has the runtime, which gives connections out. `combined`: as `acceptor`, and connections that are parked
 * (`connection.park`) wait for the worker that is free first.
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
   * `acceptor`, `combined`: which worker gets a connection. In turn (the default), the one with the fewest open, or the
   * one that your function returns, which is called for each connection with the workers that run.
   */
  readonly distribute?: 'round-robin' | 'least-connections' | Distribute;
  /**
   * How long a parked connection may wait for its next bytes, to the second; then it is closed. 0 is for ever. Default
   * 60 s.
   */
  readonly idleMs?: number;
}

const SERVICE_OPTIONS = {
  ...LISTENING_OPTIONS,
  accept: required((name, accept: AcceptModel) => checkOneOf(name, accept, ACCEPT_MODELS)),
  distribute: optional(checkDistribute),
  idleMs: milliseconds(60_000),
} satisfies OptionTable<ServiceOptions>;

export type ServiceValues = OptionValues<typeof SERVICE_OPTIONS>;

/** @throws TypeError, RangeError an option that makes no sense, named. */
export function serviceValues(options: ServiceOptions): ServiceValues {
  checkObject('options', options);
  if ('reusePort' in options) throw new TypeError("reusePort: it is what `accept: 'reuseport'` is for");
  const values = valuesOf(SERVICE_OPTIONS, options);
  const { accept, distribute, path } = values;
  if (accept === 'reuseport' && path !== undefined) {
    throw new TypeError("path: accept: 'reuseport' is for TCP; allowed with a path: the others");
  }
  if (distribute !== undefined && accept !== 'acceptor' && accept !== 'combined') {
    throw new TypeError(`distribute: it is for accept: 'acceptor' and 'combined', not '${accept}'`);
  }
  return values;
}

function checkDistribute(name: string, distribute: NonNullable<ServiceOptions['distribute']>): void {
  if (typeof distribute === 'function' || STRATEGIES.includes(distribute)) return;
  throw new TypeError(`${name}: ${shown(distribute)}; allowed: ${STRATEGIES.join(', ')}, a function`);
}
