/** A port that the workers of a runtime serve together. */
import { describeBy } from '../../base/inspection.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { following } from '../../base/sequence.js';
import { SO_INCOMING_CPU, SOL_SOCKET } from '../../sys/ffi/constants.js';
import { close } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { formatAddress, type Address, type InternetAddress } from '../../sys/socket/sockaddr.js';
import { setOption } from '../../sys/socket/socket.js';
import { Listener } from '../../api/listening/listener.js';
import { openListeningSocket, type ListeningSocket } from '../../api/listening/listening-socket.js';
import { abortSignal, integer, valuesOf, type OptionTable } from '../../base/options.js';
import { MAX_DEADLINE_MS } from '../runtime/options.js';
import { currentReactor } from '../../api/thread-reactor.js';
import { untilAborted } from '../../api/waiting.js';
import { Acceptor } from './acceptor.js';
import { Loads } from './loads.js';
import { Deadline, type AcceptModelRun, type ServingWorkers, type ServingWorker } from './model.js';
import type { AcceptModel, ServiceOptions, ServiceValues, WorkerLoad } from './options.js';
import { openSharedParking, type SharedParking } from './parking.js';
import { WorkerListeners } from './worker-listeners.js';

/** What a service needs of its runtime. */
export interface ServiceOwner {
  readonly workers: ServingWorkers;
  /** The processor that each worker is bound to; empty where they are not. */
  readonly processors: readonly number[];
  onServiceClosed(service: Service): void;
}

/** As long as a runtime takes to stop. */
const DEFAULT_DEADLINE_MS = 10_000;

/** Options of `service.close`. */
export interface ServiceCloseOptions {
  /** From now, in milliseconds. Workers that are paused or busy are not waited for any longer. Default: 10 seconds. */
  readonly deadlineMs?: number;
  /** Aborting it ends the wait, not the closing, which begins also if it is aborted before. */
  readonly signal?: AbortSignal;
}

const CLOSE_OPTIONS = {
  deadlineMs: integer(0, MAX_DEADLINE_MS, DEFAULT_DEADLINE_MS),
  signal: abortSignal(),
} satisfies OptionTable<ServiceCloseOptions>;

/** How a service came to its end. */
export interface ServiceEnd {
  /** The names of the workers that had not answered by the deadline: empty if all have served who waited. */
  readonly late: readonly string[];
}

/** The last one's number, which travels as 32 bits. */
let services = 0;

/** A port that the workers of a runtime serve together. */
export class Service {
  private closing: Promise<ServiceEnd> | undefined = undefined;
  /** Workers that are about to serve. */
  private readonly beginnings = new Set<Promise<void>>();

  /** @internal Made by `runtime.listen`. */
  constructor(
    private readonly owner: ServiceOwner,
    /** Where it listens; the port is the real one, also if 0 was asked for. */
    readonly address: Address,
    readonly model: AcceptModel,
    private readonly loads: Loads,
    private readonly run: AcceptModelRun,
  ) {}

  /** The TCP port; the real one, also if 0 was asked for. @throws TypeError it listens on a path. */
  get port(): number {
    if (this.address.family !== 'unix') return this.address.port;
    throw new TypeError('port: the service listens on a path, and has none');
  }

  /** What each worker has had and has, by its place in the runtime. */
  spread(): WorkerLoad[] {
    return this.owner.workers.map(({ index, name }) => this.loads.of(index, name));
  }

  /**
   * Stops accepting. Clients in the backlog are served still; connections live on in their workers. A second call is
   * allowed.
   *
   * A worker that is paused, or busy until the deadline, is not waited for: what it was given and has not taken goes to
   * the other workers, and clients in the backlog of its own listener are turned away.
   *
   * @returns a promise that resolves when nobody listens any more, and tells which workers were late.
   * @throws RangeError (by the promise) the deadline makes no sense.
   */
  async close(options: ServiceCloseOptions = {}): Promise<ServiceEnd> {
    const { deadlineMs, signal } = valuesOf(CLOSE_OPTIONS, options);
    this.closing ??= this.end(deadlineMs).finally(() => this.owner.onServiceClosed(this));
    return await untilAborted(this.closing, signal);
  }

  private async end(deadlineMs: number): Promise<ServiceEnd> {
    const deadline = new Deadline(deadlineMs);
    try {
      // They have been told numbers of descriptors, which are closed now.
      await deadline.holds(Promise.allSettled(this.beginnings));
      const late = await this.run.close(deadline);
      return { late: late.map(({ name }) => name) };
    } finally {
      deadline.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The runtime is being stopped. Resolves when this thread has nothing to do with the service any more. */
  release(worker: ServingWorker): Promise<void> {
    return this.run.release(worker);
  }

  /** @internal */
  begin(worker: ServingWorker): Promise<void> {
    if (this.closing !== undefined) return Promise.resolve();
    const beginning = this.run.begin(worker).finally(() => this.beginnings.delete(beginning));
    this.beginnings.add(beginning);
    return beginning;
  }

  /** @internal */
  onEnded(worker: ServingWorker, willReturn: boolean): void {
    this.run.onEnded(worker, willReturn);
    // After what it did not get has been taken back.
    this.loads.clear(worker.index);
  }

  static {
    describeBy('Service', Service.prototype, ({ closing, address, model, owner }) => ({
      state: closing === undefined ? 'open' : 'closed',
      address: formatAddress(address),
      accept: model,
      workers: owner.workers.length,
    }));
  }
}

/**
 * Begins to listen, before any worker serves: `begin` follows for each.
 *
 * @param options checked before.
 * @throws what `listen` throws.
 * @throws IoError ENOTSUP: this system, or this backend, lacks what the model needs.
 */
export async function openService(owner: ServiceOwner, options: ServiceValues): Promise<Service> {
  const scope = new AsyncScope('POLLUX_SERVICE');
  const { accept, distribute, ...listening } = options;
  const { workers } = owner;
  const loads = Loads.for(workers.length);
  const isExclusive = accept === 'exclusive';
  const reactor = currentReactor();
  if (isExclusive && reactor.driver.backend.registerExclusive === undefined) {
    throw new IoError('ENOTSUP', 'listen', "accept: 'exclusive'", `backend '${reactor.driver.backend.name}' wakes all`);
  }
  const first = await openListeningSocket({ ...listening, reusePort: accept === 'reuseport' ? 'require' : 'off' });
  const { details } = first;
  const plan = {
    service: (services = following(services)),
    details,
    loads: loads.buffer,
    isExclusive,
    idleMs: options.idleMs,
  };
  if (accept === 'acceptor' || accept === 'combined') {
    const parking = accept === 'combined' ? parkingFor(first) : undefined;
    const listener = new Listener(reactor, reactor.driver.add(first.fd, scope), details);
    const run = new Acceptor(listener, loads, { ...plan, parking }, scoped(scope, distribute));
    return new Service(owner, details.address, accept, loads, run);
  }
  const sockets = [first];
  try {
    if (accept === 'reuseport') await addSockets(sockets, owner, options);
  } catch (error) {
    for (const { fd } of sockets) close(fd);
    throw error;
  }
  const run = new WorkerListeners(workers, sockets, isExclusive, plan);
  return new Service(owner, details.address, accept, loads, run);
}

/** A user's function is called in the context that the service was made in. */
function scoped(scope: AsyncScope, distribute: ServiceOptions['distribute']): ServiceOptions['distribute'] {
  return typeof distribute === 'function' ? loads => scope.run(distribute, undefined, loads) : distribute;
}

function parkingFor({ fd }: ListeningSocket): SharedParking {
  try {
    return openSharedParking();
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** A socket for each worker, all on the port of the first. */
async function addSockets(sockets: ListeningSocket[], owner: ServiceOwner, options: ServiceValues): Promise<void> {
  const address = sockets[0].details.address as InternetAddress;
  const where = { host: options.host === undefined ? undefined : address.address, port: address.port };
  while (sockets.length < owner.workers.length) {
    sockets.push(await openListeningSocket({ ...options, ...where, reusePort: 'require' }));
  }
  if (SO_INCOMING_CPU < 0) return;
  // The kernel then prefers the socket of the processor that the packet came in on.
  owner.processors.forEach((processor, index) => setOption(sockets[index].fd, SOL_SOCKET, SO_INCOMING_CPU, processor));
}
